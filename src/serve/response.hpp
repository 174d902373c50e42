// SPDX-License-Identifier: Apache-2.0
//
// How a request of HTTP ends: with a message of the protocol, or with what was wrong.

#pragma once

#include <httplib.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "ballast/protocol/infer.hpp"

namespace ballast::serve {

inline constexpr const char* kJson = "application/json";
inline constexpr const char* kBytes = "application/octet-stream";

// How a request ends that is not answered.
struct Problem {
  int status;
  std::string message;
};

void answer(httplib::Response& response, const Problem& problem);
void answer(httplib::Response& response, const protocol::Message& message);

// What is said where the library alone refuses.
std::string usual_message(int status);

// What an exception says to a client.
Problem problem_of(const std::exception_ptr& exception);

// Throws InputError where the header is no number.
std::optional<std::size_t> header_length_of(const httplib::Request& request);

// Whether a header Content-Type says this type, with parameters or without.
bool is_media_type(const std::string& header, std::string_view wanted);

}  // namespace ballast::serve

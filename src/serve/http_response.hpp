// SPDX-License-Identifier: Apache-2.0
//
// How a request of HTTP ends: with a message of the protocol, or with what was wrong.

#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "ballast/protocol/infer.hpp"
#include "http.hpp"

namespace ballast::serve {

inline constexpr const char* json_type = "application/json";
inline constexpr const char* bytes_type = "application/octet-stream";

// How a request ends that is not answered.
struct Problem {
  int status;
  std::string message;
};

void answer(Reply& reply, const Problem& problem);
Reply reply_of(const Problem& problem);
void answer(Reply& reply, const protocol::Message& message);

// What an exception says to a client.
Problem problem_of(const std::exception_ptr& exception);

// Throws InputError where the header is no number.
std::optional<std::size_t> header_length_of(const RequestHead& head);

// Whether a header Content-Type says this type, with parameters or without.
bool is_media_type(std::string_view header, std::string_view wanted);

}  // namespace ballast::serve

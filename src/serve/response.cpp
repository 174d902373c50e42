// SPDX-License-Identifier: Apache-2.0

#include "response.hpp"

#include <fmt/format.h>

#include <new>

#include "ballast/core/errors.hpp"
#include "ballast/protocol/metadata.hpp"
#include "ballast/serve/service.hpp"

namespace ballast::serve {

void answer(httplib::Response& response, const Problem& problem) {
  response.status = problem.status;
  if (problem.status == 401) response.set_header("WWW-Authenticate", "Bearer");
  if (problem.status == 429) response.set_header("Retry-After", "1");
  response.set_content(protocol::write_error(problem.message), kJson);
}

std::string usual_message(int status) {
  switch (status) {
    case 400: return "this is not a request of HTTP";
    case 404: return "there is nothing at this path";
    case 413: return "the request is too long";
    case 414: return "the path is too long";
    default: return fmt::format("the request failed with status {}", status);
  }
}

Problem problem_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Refused& refused) {
    return {refused.why() == Refused::Why::busy ? 429 : 503, refused.what()};
  } catch (const InputError& error) {
    return {400, error.what()};
  } catch (const std::bad_alloc&) {
    return {503, "out of memory"};
  } catch (const std::exception& error) {
    return {500, error.what()};
  } catch (...) {
    return {500, "the request failed"};
  }
}

std::optional<std::size_t> header_length_of(const httplib::Request& request) {
  const std::string name(protocol::header_length_name);
  if (!request.has_header(name)) return std::nullopt;
  return protocol::header_length_from(request.get_header_value(name));
}

void answer(httplib::Response& response, const protocol::Message& message) {
  response.status = 200;
  if (message.header_length) response.set_header(std::string(protocol::header_length_name), std::to_string(*message.header_length));
  response.set_content(message.body, message.header_length ? kBytes : kJson);
}

bool is_media_type(const std::string& header, std::string_view wanted) {
  const std::string_view type = std::string_view(header).substr(0, header.find(';'));
  const std::string_view bare = type.substr(0, type.find_last_not_of(' ') + 1);
  return bare == wanted;
}

}  // namespace ballast::serve

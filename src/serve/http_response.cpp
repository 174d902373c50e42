// SPDX-License-Identifier: Apache-2.0

#include "http_response.hpp"

#include <new>

#include "ballast/core/errors.hpp"
#include "ballast/protocol/metadata.hpp"
#include "ballast/serve/service.hpp"

namespace ballast::serve {

void answer(Reply& reply, const Problem& problem) {
  reply.status = problem.status;
  if (problem.status == 401) reply.fields.emplace_back("WWW-Authenticate", "Bearer");
  if (problem.status == 429) reply.fields.emplace_back("Retry-After", "1");
  reply.type = json_type;
  reply.body = protocol::write_error(problem.message);
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

std::optional<std::size_t> header_length_of(const RequestHead& head) {
  if (!head.has(protocol::header_length_name)) return std::nullopt;
  return protocol::header_length_from(std::string(head.value(protocol::header_length_name)));
}

Reply reply_of(const Problem& problem) {
  Reply reply;
  answer(reply, problem);
  return reply;
}

void answer(Reply& reply, const protocol::Message& message) {
  reply.status = 200;
  if (message.header_length) reply.fields.emplace_back(protocol::header_length_name, std::to_string(*message.header_length));
  reply.type = message.header_length ? bytes_type : json_type;
  reply.body = message.body;
}

bool is_media_type(std::string_view header, std::string_view wanted) {
  const std::string_view type = header.substr(0, header.find(';'));
  return same_but_for_case(type.substr(0, type.find_last_not_of(' ') + 1), wanted);
}

}  // namespace ballast::serve

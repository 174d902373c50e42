// SPDX-License-Identifier: Apache-2.0

#include "pickle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "ballast/core/errors.hpp"

namespace ballast::data {

namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t most_opcodes = std::size_t{1} << 20;  // CIFAR-100's 50,000 images take a quarter of it to a half

// As Python's pickletools names them.
enum Opcode : std::uint8_t {
  proto = 0x80,
  frame = 0x95,
  stop = '.',
  mark = '(',
  none = 'N',
  new_true = 0x88,
  new_false = 0x89,
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  long1 = 0x8a,
  binstring = 'T',
  short_binstring = 'U',
  binunicode = 'X',
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  binbytes = 'B',
  short_binbytes = 'C',
  binbytes8 = 0x8e,
  bytearray8 = 0x96,
  empty_list = ']',
  append = 'a',
  appends = 'e',
  empty_tuple = ')',
  tuple = 't',
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  empty_dict = '}',
  setitem = 's',
  setitems = 'u',
  binput = 'q',
  long_binput = 'r',
  memoize = 0x94,
  binget = 'h',
  long_binget = 'j',
  global = 'c',
  stack_global = 0x93,
  reduce = 'R',
  build = 'b'
};

struct Allowed {
  std::string_view module, name;
  PickleName meaning;
};

// NumPy 2 calls its core _core. Python 3 writes bytes by protocol 2 as a text that is to be encoded.
constexpr std::array<Allowed, 7> allowed_names{{{"numpy", "ndarray", PickleName::array},
                                                {"numpy", "dtype", PickleName::dtype},
                                                {"numpy.core.multiarray", "_reconstruct", PickleName::reconstruct},
                                                {"numpy._core.multiarray", "_reconstruct", PickleName::reconstruct},
                                                {"numpy.core.numeric", "_frombuffer", PickleName::from_buffer},
                                                {"numpy._core.numeric", "_frombuffer", PickleName::from_buffer},
                                                {"_codecs", "encode", PickleName::encode}}};

// On one line, and not too long.
std::string shown(std::string_view text) {
  constexpr std::size_t most_shown = 60;
  std::string line(text.substr(0, most_shown));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

// Python's machine: a stack of values, marks on it, and a memo of values that are used again.
class Machine {
 public:
  Machine(std::span<const std::uint8_t> contents, const std::string& name) : contents_(contents), name_(name) {}

  Pickle run() && {
    start();
    for (std::size_t count = 0; opcode_ != stop; ++count) {
      place_ = at_;
      opcode_ = take(1)[0];
      if (count == most_opcodes) refuse(fmt::format("is one more than the {} that are allowed", most_opcodes));
      step();
    }
    require(at_ == contents_.size(), name_ + ": has bytes after the end of its pickle");
    return std::move(pickle_);
  }

 private:
  void start() {
    constexpr int first = 2, last = 5;
    const bool known = contents_.size() >= 2 && contents_[0] == proto && contents_[1] >= first && contents_[1] <= last;
    require(known, fmt::format("{}: does not begin as a pickle of protocol {} to {}", name_, first, last));
    at_ = 2;
  }

  void check(bool holds, std::string_view problem) const {
    if (!holds) refuse(problem);
  }

  [[noreturn]] void refuse(std::string_view problem) const {
    const bool is_letter = opcode_ > ' ' && opcode_ <= '~';
    throw InputError(fmt::format("{}: the pickle's opcode 0x{:02x}{} at byte {} {}", name_, opcode_,
                                 is_letter ? fmt::format(" ({})", static_cast<char>(opcode_)) : "", place_, problem));
  }

  void step() {
    switch (static_cast<Opcode>(opcode_)) {
      case frame: return check(take_number(8) <= contents_.size() - at_, "begins a frame longer than the rest of the file");
      case stop: return finish();
      case mark: return marks_.push_back(stack_.size());
      case none: return push({});
      case new_true: return push({.kind = Kind::number, .number = 1});
      case new_false: return push({.kind = Kind::number, .number = 0});
      case binint: return push({.kind = Kind::number, .number = static_cast<std::int32_t>(take_number(4))});
      case binint1: return push({.kind = Kind::number, .number = static_cast<std::int64_t>(take_number(1))});
      case binint2: return push({.kind = Kind::number, .number = static_cast<std::int64_t>(take_number(2))});
      case long1: return push_long(take_number(1));
      case short_binstring:
      case short_binbytes: return push_text(Kind::bytes, take_number(1));
      case binstring:
      case binbytes: return push_text(Kind::bytes, take_number(4));
      case binbytes8:
      case bytearray8: return push_text(Kind::bytes, take_number(8));
      case short_binunicode: return push_text(Kind::text, take_number(1));
      case binunicode: return push_text(Kind::text, take_number(4));
      case binunicode8: return push_text(Kind::text, take_number(8));
      case empty_list: return push({.kind = Kind::list});
      case append: return add_to(Kind::list, pop_several(1));
      case appends: return add_to(Kind::list, pop_to_mark());
      case empty_tuple: return push({.kind = Kind::tuple});
      case tuple: return push({.kind = Kind::tuple, .items = pop_to_mark()});
      case tuple1: return push({.kind = Kind::tuple, .items = pop_several(1)});
      case tuple2: return push({.kind = Kind::tuple, .items = pop_several(2)});
      case tuple3: return push({.kind = Kind::tuple, .items = pop_several(3)});
      case empty_dict: return push({.kind = Kind::dictionary});
      case setitem: return add_to(Kind::dictionary, pop_several(2));
      case setitems: return add_to(Kind::dictionary, pop_to_mark());
      case binput: return remember(take_number(1));
      case long_binput: return remember(take_number(4));
      case memoize: return remember(memo_.size());
      case binget: return recall(take_number(1));
      case long_binget: return recall(take_number(4));
      case global: return push_global();
      case stack_global: return push_stack_global();
      case reduce: return call();
      case build: return set_state();
      case proto: break;  // only at the start
    }
    refuse("is none that images and labels need");
  }

  std::span<const std::uint8_t> take(std::uint64_t count) {
    if (count > contents_.size() - at_)
      throw InputError(
          fmt::format("{}: is cut short: the pickle goes on for {} bytes at byte {} of {}", name_, count, at_, contents_.size()));
    const auto taken = contents_.subspan(at_, static_cast<std::size_t>(count));
    at_ += taken.size();
    return taken;
  }

  std::uint64_t take_number(std::size_t bytes) {
    std::uint64_t value = 0;
    const auto taken = take(bytes);
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | taken[i];
    return value;
  }

  std::string_view take_text(std::uint64_t size) {
    const auto taken = take(size);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  std::string_view take_line() {
    const auto rest = contents_.subspan(at_);
    const auto end = std::find(rest.begin(), rest.end(), '\n');
    check(end != rest.end(), "has a name without an end");
    const std::string_view line = take_text(static_cast<std::uint64_t>(end - rest.begin()));
    take(1);
    return line;
  }

  void push(PickleValue value) {
    stack_.push_back(static_cast<PickleId>(pickle_.values.size()));
    pickle_.values.push_back(std::move(value));
  }

  void push_text(Kind kind, std::uint64_t size) { push({.kind = kind, .text = take_text(size)}); }

  // Two's complement, as short as it can be.
  void push_long(std::uint64_t size) {
    check(size <= 8, "is a number of more than 64 bits");
    const std::size_t bytes = static_cast<std::size_t>(size), unused = 64 - 8 * bytes;
    const std::uint64_t value = take_number(bytes);
    push({.kind = Kind::number, .number = bytes == 0 ? 0 : static_cast<std::int64_t>(value << unused) >> unused});
  }

  // How many values there are above the last mark.
  std::size_t depth() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  std::vector<PickleId> pop_several(std::size_t count) {
    check(depth() >= count, "takes more values than there are");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickleId> popped(first, stack_.end());
    stack_.erase(first, stack_.end());
    return popped;
  }

  PickleId pop() { return pop_several(1).front(); }

  std::vector<PickleId> pop_to_mark() {
    check(!marks_.empty(), "needs a mark");
    std::vector<PickleId> popped = pop_several(depth());
    marks_.pop_back();
    return popped;
  }

  PickleValue& top() {
    check(depth() > 0, "takes more values than there are");
    return pickle_.values[stack_.back()];
  }

  void add_to(Kind kind, const std::vector<PickleId>& items) {
    PickleValue& target = top();
    check(target.kind == kind, kind == Kind::list ? "adds to what is no list" : "adds to what is no dictionary");
    check(kind == Kind::list || items.size() % 2 == 0, "has a key without a value");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  void remember(std::uint64_t key) {
    top();
    memo_[key] = stack_.back();
  }

  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) refuse(fmt::format("asks for value {}, which was not kept", key));
    stack_.push_back(found->second);
  }

  void push_name(std::string_view module, std::string_view name) {
    const auto found = std::find_if(allowed_names.begin(), allowed_names.end(),
                                    [&](const Allowed& allowed) { return allowed.module == module && allowed.name == name; });
    if (found == allowed_names.end()) refuse(fmt::format("names {}.{}; allowed is what NumPy's arrays need", shown(module), shown(name)));
    push({.kind = Kind::name, .name = found->meaning});
  }

  void push_global() {
    const std::string_view module = take_line();
    push_name(module, take_line());
  }

  void push_stack_global() {
    const std::vector<PickleId> words = pop_several(2);
    const PickleValue &module = pickle_[words[0]], &name = pickle_[words[1]];
    check(module.kind == Kind::text && name.kind == Kind::text, "has no text for a name");
    push_name(module.text, name.text);
  }

  void call() {
    const std::vector<PickleId> words = pop_several(2);
    const PickleValue& called = pickle_[words[0]];
    check(called.kind == Kind::name, "calls what is no name");
    check(pickle_[words[1]].kind == Kind::tuple, "has no tuple of arguments");
    push({.kind = Kind::object, .name = called.name, .items = {words[1]}});
  }

  void set_state() {
    const PickleId state = pop();
    PickleValue& object = top();
    check(object.kind == Kind::object && object.items.size() == 1, "gives a state to what takes none");
    object.items.push_back(state);
  }

  void finish() {
    check(marks_.empty() && stack_.size() == 1, "ends with more or less than one value");
    pickle_.top = pop();
  }

  std::span<const std::uint8_t> contents_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::size_t place_ = 0;  // of the opcode
  std::uint8_t opcode_ = 0;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleId> memo_;
};

}  // namespace

Pickle parse_pickle(std::span<const std::uint8_t> contents, const std::string& name) { return Machine(contents, name).run(); }

}  // namespace ballast::data

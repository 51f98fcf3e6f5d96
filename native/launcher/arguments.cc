#include "launcher/arguments.h"

#include <charconv>
#include <cstring>
#include <string_view>

namespace sallyport::launcher {

namespace {

template <typename Number>
bool readNumber(const char* text, Number& number) {
  unsigned long value = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, value);
  // -1 stands for "no change" where identities are set.
  if (error != std::errc() || stopped != end || value >= 0xffff'ffff) return false;
  number = static_cast<Number>(value);
  return true;
}

template <typename Number>
bool readNumber(const char* text, std::optional<Number>& number) {
  return readNumber(text, number.emplace());
}

}  // namespace

std::optional<Arguments> parseArguments(int count, char** texts) {
  Arguments arguments;
  int at = 1;
  for (; at < count && std::strcmp(texts[at], "--") != 0; ++at) {
    const std::string_view name = texts[at];
    if (name == "--privileged-ports") {
      arguments.mayBindPrivilegedPorts = true;
      continue;
    }
    if (name == "--confine") {
      arguments.isConfined = true;
      continue;
    }
    if (++at >= count) return std::nullopt;
    const char* value = texts[at];
    bool isRead = true;
    if (name == "--user") {
      isRead = readNumber(value, arguments.user);
    } else if (name == "--group") {
      isRead = readNumber(value, arguments.group);
    } else if (name == "--parent") {
      isRead = readNumber(value, arguments.parent);
    } else if (name == "--parent-death-signal") {
      isRead = readNumber(value, arguments.parentDeathSignal);
    } else if (name == "--close-from") {
      isRead = readNumber(value, arguments.firstClosed);
    } else if (name == "--readable") {
      arguments.readable.emplace_back(value);
    } else if (name == "--executable") {
      arguments.executable.emplace_back(value);
    } else if (name == "--writable") {
      arguments.writable.emplace_back(value);
    } else {
      isRead = false;
    }
    if (!isRead) return std::nullopt;
  }
  if (at + 1 >= count) return std::nullopt;
  arguments.command = texts + at + 1;
  return arguments;
}

}  // namespace sallyport::launcher

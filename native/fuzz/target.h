#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::fuzz {

using Feed = void (*)(std::span<const std::uint8_t>);

/// Something that strangers' octets reach. A global `const Target` in any *-fuzz.cc registers it.
class Target {
 public:
  Target(std::string_view name, Feed feed);
};

/// Null where no target has this name.
Feed findTarget(std::string_view name);
std::vector<std::string_view> targetNames();

/// When certificates are validated: 2026-12-01T00:00:00Z. Those of the corpus are valid then.
inline constexpr std::int64_t kValidationSeconds = 1'796'083'200;

/// The input as three pieces behind the lengths of the first two, of two octets each. What is too
/// short for the lengths is three empty pieces; a piece that would be longer ends with the input.
inline std::array<std::span<const std::uint8_t>, 3> threePieces(
    std::span<const std::uint8_t> octets) {
  if (octets.size() < 4) return {};
  const auto pieces = octets.subspan(4);
  const std::size_t first = std::min<std::size_t>(octets[0] << 8 | octets[1], pieces.size());
  const auto others = pieces.subspan(first);
  const std::size_t second = std::min<std::size_t>(octets[2] << 8 | octets[3], others.size());
  return {pieces.first(first), others.first(second), others.subspan(second)};
}

/// What must hold whatever the input; ends the process when it does not, and the fuzzer shows
/// where.
void demand(bool holds);

/// The fuzzer's octets, taken from the front as numbers and pieces; zeros and nothing when used up.
class Script {
 public:
  explicit Script(std::span<const std::uint8_t> octets) noexcept : left_(octets) {}

  bool isOver() const noexcept { return left_.empty(); }

  std::uint8_t number() noexcept {
    if (left_.empty()) return 0;
    const std::uint8_t first = left_.front();
    left_ = left_.subspan(1);
    return first;
  }

  /// As many octets as the next number says, with `room` zeros behind them.
  std::vector<std::uint8_t> piece(std::size_t room) {
    const std::size_t length = std::min<std::size_t>(number(), left_.size());
    std::vector<std::uint8_t> copy(length + room);
    std::copy_n(left_.begin(), length, copy.begin());
    left_ = left_.subspan(length);
    return copy;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace sallyport::fuzz

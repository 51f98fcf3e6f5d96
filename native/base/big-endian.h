#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport {

/// Numbers in network order. `at` and the octets behind it must lie within the span.
constexpr std::uint16_t readBig16(std::span<const std::uint8_t> from, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(from[at] << 8 | from[at + 1]);
}

constexpr std::uint32_t readBig32(std::span<const std::uint8_t> from, std::size_t at) noexcept {
  return std::uint32_t{readBig16(from, at)} << 16 | readBig16(from, at + 2);
}

constexpr void writeBig16(std::span<std::uint8_t> to, std::size_t at,
                          std::uint16_t value) noexcept {
  to[at] = static_cast<std::uint8_t>(value >> 8);
  to[at + 1] = static_cast<std::uint8_t>(value);
}

constexpr void writeBig32(std::span<std::uint8_t> to, std::size_t at,
                          std::uint32_t value) noexcept {
  writeBig16(to, at, static_cast<std::uint16_t>(value >> 16));
  writeBig16(to, at + 2, static_cast<std::uint16_t>(value));
}

}  // namespace sallyport

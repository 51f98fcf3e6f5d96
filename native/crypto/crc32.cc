#include "crypto/crc32.h"

#include <array>

namespace sallyport::crypto {

namespace {

/// The polynomial with its bits reversed: the least significant bit travels first.
constexpr std::uint32_t kPolynomial = 0xedb88320;

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t octet = 0; octet < table.size(); ++octet) {
    std::uint32_t remainder = octet;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? kPolynomial : 0);
    }
    table[octet] = remainder;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> octets) noexcept {
  std::uint32_t remainder = ~std::uint32_t{0};
  for (const std::uint8_t octet : octets) {
    remainder = (remainder >> 8) ^ kTable[(remainder ^ octet) & 0xff];
  }
  return ~remainder;
}

}  // namespace sallyport::crypto

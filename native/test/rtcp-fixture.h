#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/big-endian.h"

namespace sallyport::media {

/// Octets in the order in which an RFC's figure shows them.
class Octets {
 public:
  Octets& u8(std::uint8_t value) {
    octets_.push_back(value);
    return *this;
  }
  Octets& u16(std::uint16_t value) {
    return u8(static_cast<std::uint8_t>(value >> 8)).u8(static_cast<std::uint8_t>(value));
  }
  Octets& u32(std::uint32_t value) {
    return u16(static_cast<std::uint16_t>(value >> 16)).u16(static_cast<std::uint16_t>(value));
  }
  Octets& all(const std::vector<std::uint8_t>& values) {
    octets_.insert(octets_.end(), values.begin(), values.end());
    return *this;
  }
  operator std::vector<std::uint8_t>() const { return octets_; }  // NOLINT: as a value

 private:
  std::vector<std::uint8_t> octets_;
};

/// One RTCP packet around `body`, a whole number of words (RFC 3550 §6.1).
inline std::vector<std::uint8_t> rtcp(std::uint8_t count, std::uint8_t type,
                                      const std::vector<std::uint8_t>& body) {
  return Octets()
      .u8(static_cast<std::uint8_t>(0x80 | count))
      .u8(type)
      .u16(static_cast<std::uint16_t>(body.size() / 4))
      .all(body);
}

/// One block of an extended report around `contents` (RFC 3611 §3).
inline std::vector<std::uint8_t> xrBlock(std::uint8_t type,
                                         const std::vector<std::uint8_t>& contents) {
  return Octets().u8(type).u8(0).u16(static_cast<std::uint16_t>(contents.size() / 4)).all(contents);
}

/// A report block without loss (RFC 3550 §6.4.1).
inline std::vector<std::uint8_t> reportBlock(std::uint32_t ssrc, std::uint32_t extendedHighest,
                                             std::uint32_t lastReport = 0,
                                             std::uint32_t delay = 0) {
  return Octets().u32(ssrc).u32(0).u32(extendedHighest).u32(0).u32(lastReport).u32(delay);
}

}  // namespace sallyport::media

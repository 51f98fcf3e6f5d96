#pragma once

#include <cstdint>

#include "media/transport-address.h"

namespace sallyport::media {

/// The addresses that agree with one in their first bits (RFC 4632 §3.1, RFC 4291 §2.3), whatever
/// the ports. Made without an address it contains none.
class AddressBlock {
 public:
  AddressBlock() = default;
  /// `prefixBits` beyond the length of an address counts as that length.
  AddressBlock(const TransportAddress& address, std::uint8_t prefixBits) noexcept;
  /// One address alone.
  static AddressBlock ofHost(const TransportAddress& host) noexcept;

  [[nodiscard]] bool contains(const TransportAddress& address) const noexcept;
  bool operator==(const AddressBlock&) const noexcept = default;

 private:
  TransportAddress address_;
  std::uint8_t prefixBits_ = 0;
};

}  // namespace sallyport::media

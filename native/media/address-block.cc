#include "media/address-block.h"

#include <algorithm>

namespace sallyport::media {

AddressBlock::AddressBlock(const TransportAddress& address, std::uint8_t prefixBits) noexcept
    : address_(address.withPort(0)),
      prefixBits_(static_cast<std::uint8_t>(
          std::min<std::size_t>(prefixBits, 8 * address.octets().size()))) {}

AddressBlock AddressBlock::ofHost(const TransportAddress& host) noexcept { return {host, 128}; }

bool AddressBlock::contains(const TransportAddress& address) const noexcept {
  if (address_.family() == AF_UNSPEC || address.family() != address_.family()) return false;
  const auto ours = address_.octets();
  const auto theirs = address.octets();
  const std::size_t whole = prefixBits_ / 8U;
  const unsigned rest = prefixBits_ % 8U;
  if (!std::equal(ours.begin(), ours.begin() + static_cast<std::ptrdiff_t>(whole),
                  theirs.begin())) {
    return false;
  }
  return rest == 0 || (ours[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

}  // namespace sallyport::media

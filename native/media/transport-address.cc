#include "media/transport-address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sallyport::media {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<TransportAddress> TransportAddress::parse(const std::string& text,
                                                        std::uint16_t port) {
  sockaddr_storage storage{};
  auto& four = reinterpret_cast<sockaddr_in&>(storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
  } else if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
  } else {
    return std::nullopt;
  }
  return fromSocketAddress(storage);
}

std::optional<TransportAddress> TransportAddress::fromSocketAddress(
    const sockaddr_storage& from) noexcept {
  TransportAddress address;
  address.family_ = from.ss_family;
  if (from.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(from);
    std::memcpy(address.octets_.data(), &four.sin_addr, 4);
    address.port_ = ntohs(four.sin_port);
    return address;
  }
  if (from.ss_family != AF_INET6) return std::nullopt;

  const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
  const std::uint8_t* octets = six.sin6_addr.s6_addr;
  address.port_ = ntohs(six.sin6_port);
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), octets)) {
    address.family_ = AF_INET;
    std::copy_n(octets + kMappedPrefix.size(), 4, address.octets_.begin());
  } else {
    std::copy_n(octets, 16, address.octets_.begin());
  }
  return address;
}

socklen_t TransportAddress::toSocketAddress(sockaddr_storage& to) const noexcept {
  if (family_ == AF_INET) {
    auto& four = reinterpret_cast<sockaddr_in&>(to);
    four = {};
    four.sin_family = AF_INET;
    four.sin_port = htons(port_);
    std::memcpy(&four.sin_addr, octets_.data(), 4);
    return sizeof(sockaddr_in);
  }
  auto& six = reinterpret_cast<sockaddr_in6&>(to);
  six = {};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port_);
  std::memcpy(&six.sin6_addr, octets_.data(), 16);
  return sizeof(sockaddr_in6);
}

std::string TransportAddress::addressText() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_ntop(family_, octets_.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

std::span<const std::uint8_t> TransportAddress::octets() const noexcept {
  if (family_ == AF_UNSPEC) return {};
  return std::span(octets_).first(family_ == AF_INET ? 4 : 16);
}

bool TransportAddress::isUnicast() const noexcept {
  if (port_ == 0) return false;
  // 0.0.0.0/8 is "this network"; 224.0.0.0/4 is multicast, 240.0.0.0/4 reserved with the broadcast.
  if (family_ == AF_INET) return octets_[0] != 0 && octets_[0] < 224;
  if (family_ != AF_INET6 || octets_[0] == 0xff) return false;
  return std::ranges::any_of(octets_, [](std::uint8_t octet) { return octet != 0; });
}

TransportAddress TransportAddress::withPort(std::uint16_t port) const noexcept {
  TransportAddress copy = *this;
  copy.port_ = port;
  return copy;
}

}  // namespace sallyport::media

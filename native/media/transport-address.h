#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sallyport::media {

/// A numeric IPv4 or IPv6 address and a UDP port; a value, compared octet by octet.
class TransportAddress {
 public:
  TransportAddress() = default;

  /// Nothing when `text` is not a numeric address (zones such as `%eth0` are not taken).
  static std::optional<TransportAddress> parse(const std::string& text, std::uint16_t port);
  /// Nothing when the family is neither AF_INET nor AF_INET6. IPv4-mapped IPv6 becomes IPv4.
  static std::optional<TransportAddress> fromSocketAddress(const sockaddr_storage& from) noexcept;

  /// Fills `to` and returns how many octets of it count.
  socklen_t toSocketAddress(sockaddr_storage& to) const noexcept;
  std::string addressText() const;

  [[nodiscard]] sa_family_t family() const noexcept { return family_; }
  /// In network order: 4 of IPv4, 16 of IPv6, none of an address that was never set.
  [[nodiscard]] std::span<const std::uint8_t> octets() const noexcept;
  /// False for what no single peer can have: unspecified, multicast, reserved and the limited
  /// broadcast (RFC 6890 §2.2), or port 0. A subnet's own broadcast address cannot be told.
  [[nodiscard]] bool isUnicast() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] TransportAddress withPort(std::uint16_t port) const noexcept;
  /// True when the addresses agree, whatever the ports.
  [[nodiscard]] bool isSameHost(const TransportAddress& other) const noexcept {
    return family_ == other.family_ && octets_ == other.octets_;
  }
  bool operator==(const TransportAddress&) const noexcept = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
  sa_family_t family_ = AF_UNSPEC;
  std::uint16_t port_ = 0;
};

}  // namespace sallyport::media

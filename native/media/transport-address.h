#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
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

#pragma once

#include <cstdint>
#include <vector>

namespace sallyport::media {

/// Clock rate of one payload type, as `a=rtpmap` gives it (RFC 8866 §6.6).
struct PayloadClock {
  std::uint8_t payloadType = 0;
  std::uint32_t clockHz = 0;
};

/// Clock rates by payload type: those that the signalling named, else the static ones.
class PayloadClocks {
 public:
  PayloadClocks() = default;
  explicit PayloadClocks(std::vector<PayloadClock> named) noexcept;

  /// In hertz; 0 where the type is dynamic and was not named.
  [[nodiscard]] std::uint32_t clockHz(std::uint8_t payloadType) const noexcept;

 private:
  std::vector<PayloadClock> named_;
};

}  // namespace sallyport::media

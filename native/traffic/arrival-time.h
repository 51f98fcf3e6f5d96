#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace sallyport::traffic {

/// Room for what the kernel says beside a datagram.
inline constexpr std::size_t kArrivalControlOctets = 64;

/// Makes the kernel say with every datagram when it took it in; false when it will not.
[[nodiscard]] bool askForArrivalTimes(int descriptor) noexcept;

/// When the kernel took the datagram in, nanoseconds of CLOCK_REALTIME, however late it was read.
/// Nothing where the kernel did not say.
[[nodiscard]] std::optional<std::uint64_t> arrivalOf(msghdr& header) noexcept;

}  // namespace sallyport::traffic

#pragma once

#include <srtp.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "srtp/suite.h"

namespace sallyport::bench {

/// Both halves of a session of libsrtp as its users make one, with the replay window of ours.
class StockSession {
 public:
  /// Nothing when libsrtp refuses. `master` is key and salt.
  static std::optional<StockSession> create(const srtp::SuiteTraits& suite,
                                            std::span<const std::uint8_t> master);

  std::optional<std::size_t> protect(std::span<std::uint8_t> room, std::size_t length) noexcept;
  std::optional<std::size_t> unprotect(std::span<std::uint8_t> room, std::size_t length) noexcept;

 private:
  struct Dealloc {
    void operator()(srtp_ctx_t_* session) const noexcept { srtp_dealloc(session); }
  };
  using Session = std::unique_ptr<srtp_ctx_t_, Dealloc>;

  StockSession(Session outbound, Session inbound) noexcept
      : outbound_(std::move(outbound)), inbound_(std::move(inbound)) {}

  Session outbound_;
  Session inbound_;
};

}  // namespace sallyport::bench

// Revocation lists from the network (RFC 5280 §5) at the door of OpenSSL: read, checked for a
// signature, and asked about a certificate. The input is the list, behind an anchor and an end
// entity that it may be about: two lengths of two octets, then the three.
#include "cms/certificate-store.h"
#include "fuzz/target.h"

namespace sallyport::fuzz {

namespace {

constexpr std::int64_t kNow = 1'795'500'000;  // 2026-11-24T06:00:00Z

const Target target("revocation-list", [](std::span<const std::uint8_t> octets) {
  (void)cms::parseRevocationList(octets);
  if (octets.size() < 4) return;
  const auto rest = octets.subspan(4);
  const std::size_t first = std::min<std::size_t>(octets[0] << 8 | octets[1], rest.size());
  const auto anchor = rest.first(first);
  const auto others = rest.subspan(first);
  const std::size_t second = std::min<std::size_t>(octets[2] << 8 | octets[3], others.size());
  const auto endEntity = others.first(second);
  const auto list = others.subspan(second);
  (void)cms::signedRevocationList(anchor, list);
  for (const auto checking :
       {cms::RevocationChecking::required, cms::RevocationChecking::ifPresent}) {
    cms::CertificateStore store({checking, 60});
    if (!store.addAnchor(anchor) || !store.addRevocationList(list)) return;
    const auto outcome = store.validate(endEntity, {}, kNow, cms::CertificateUse::sign);
    if (!outcome) demand(outcome.failure().detail != nullptr && outcome.failure().depth >= 0);
  }
});

}  // namespace

}  // namespace sallyport::fuzz

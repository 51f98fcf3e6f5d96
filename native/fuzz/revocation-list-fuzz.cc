// Revocation lists from the network (RFC 5280 §5) at the door of OpenSSL: read, checked for a
// signature, and asked about a certificate. The input is the list, behind an anchor and an end
// entity that it may be about.
#include "cms/certificate-store.h"
#include "fuzz/target.h"

namespace sallyport::fuzz {

namespace {

const Target target("revocation-list", [](std::span<const std::uint8_t> octets) {
  (void)cms::parseRevocationList(octets);
  const auto [anchor, endEntity, list] = threePieces(octets);
  (void)cms::signedRevocationList(anchor, list);
  for (const auto checking :
       {cms::RevocationChecking::required, cms::RevocationChecking::ifPresent}) {
    cms::CertificateStore store({checking, 60});
    if (!store.addAnchor(anchor) || !store.addRevocationList(list)) return;
    const auto outcome =
        store.validate(endEntity, {}, kValidationSeconds, cms::CertificateUse::sign);
    if (!outcome) demand(outcome.failure().detail != nullptr && outcome.failure().depth >= 0);
  }
});

}  // namespace

}  // namespace sallyport::fuzz

// Certificates and revocation lists of strangers (RFC 5280) at the door of OpenSSL. The input is
// read as one, and as three pieces: end entity, intermediate, anchor.
#include "cms/certificate-store.h"
#include "fuzz/target.h"

namespace sallyport::fuzz {

namespace {

void validate(const cms::CertificateStore& store, std::span<const std::uint8_t> certificate,
              std::span<const std::span<const std::uint8_t>> intermediates) {
  for (const auto use : {cms::CertificateUse::sign, cms::CertificateUse::encrypt}) {
    const auto outcome = store.validate(certificate, intermediates, kValidationSeconds, use);
    if (!outcome) {
      demand(outcome.failure().detail != nullptr && outcome.failure().depth >= 0);
      continue;
    }
    demand(outcome.value().chainNotAfter <= outcome.value().notAfter);
    for (const std::string& uri : outcome.value().uris) {
      demand(std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 0x7f; }));
    }
  }
}

const Target target("certificate-store", [](std::span<const std::uint8_t> octets) {
  cms::CertificateStore alone;
  (void)alone.addRevocationList(octets);
  if (alone.addAnchor(octets)) validate(alone, octets, {});

  const auto [endEntity, intermediate, anchor] = threePieces(octets);
  const std::array intermediates{intermediate};
  cms::CertificateStore store;
  (void)store.addAnchor(anchor);
  validate(store, endEntity, intermediates);
});

}  // namespace

}  // namespace sallyport::fuzz

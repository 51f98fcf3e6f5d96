// Certificates and revocation lists of strangers (RFC 5280) at the door of OpenSSL. The input is
// read as one, and as three pieces: end entity, intermediate, anchor.
#include "cms/certificate-store.h"
#include "fuzz/target.h"

namespace sallyport::fuzz {

namespace {

constexpr std::int64_t kNow = 1'795'500'000;  // 2026-11-24T06:00:00Z

void validate(const cms::CertificateStore& store, std::span<const std::uint8_t> certificate,
              std::span<const std::span<const std::uint8_t>> intermediates) {
  for (const auto use : {cms::CertificateUse::sign, cms::CertificateUse::encrypt}) {
    const auto outcome = store.validate(certificate, intermediates, kNow, use);
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

  if (octets.size() < 4) return;
  const std::size_t second = std::min<std::size_t>(octets[0] << 8 | octets[1], octets.size() - 4);
  const auto rest = octets.subspan(4);
  const auto others = rest.subspan(second);
  const std::size_t third = std::min<std::size_t>(octets[2] << 8 | octets[3], others.size());
  const std::array<std::span<const std::uint8_t>, 1> intermediates{others.first(third)};
  cms::CertificateStore store;
  (void)store.addAnchor(others.subspan(third));
  validate(store, rest.first(second), intermediates);
});

}  // namespace

}  // namespace sallyport::fuzz

// Every input that the fuzzers start from, and every one that ever failed, once more.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "cms/certificate-store.h"
#include "fuzz/target.h"
#include "test/story.h"

namespace sallyport::fuzz {

namespace {

using test::expect;
using test::Story;

const std::filesystem::path kCorpus = "native/fuzz/corpus";

std::vector<std::uint8_t> read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Story replays("every kept input of every fuzzer is survived", [] {
  for (const std::string_view name : targetNames()) {
    const Feed feed = findTarget(name);
    feed({});
    const auto folder = kCorpus / name;
    expect(std::filesystem::is_directory(folder));
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      feed(read(entry.path()));
    }
  }
});

/// Of the end entity: nothing where it passes.
std::optional<cms::CertificateFailure> failureOf(const cms::CertificateStore& store,
                                                 cms::Octets endEntity,
                                                 std::span<const cms::Octets> intermediates) {
  const auto outcome =
      store.validate(endEntity, intermediates, kValidationSeconds, cms::CertificateUse::sign);
  return outcome.ok() ? std::nullopt : std::optional(outcome.failure().failure);
}

const Story reaches("inputs for certificates reach what is judged last", [] {
  const std::pair<const char*, std::optional<cms::CertificateFailure>> chains[] = {
      {"valid-chain", std::nullopt},
      {"chain", cms::CertificateFailure::constraints},  // of a name that OpenSSL does not constrain
  };
  for (const auto& [name, expected] : chains) {
    const auto octets = read(kCorpus / "certificate-store" / name);
    const auto [user, intermediate, root] = threePieces(octets);
    cms::CertificateStore store;
    expect(store.addAnchor(root));
    expect(failureOf(store, user, std::array{intermediate}) == expected);
  }
  for (const char* name : {"current", "revoked"}) {
    const auto octets = read(kCorpus / "revocation-list" / name);
    const auto [anchor, endEntity, list] = threePieces(octets);
    expect(cms::signedRevocationList(anchor, list));
    cms::CertificateStore strict({cms::RevocationChecking::required});
    expect(strict.addAnchor(anchor) && strict.addRevocationList(list));
    const auto failure = failureOf(strict, endEntity, {});
    expect(name == std::string_view("revoked") ? failure == cms::CertificateFailure::revoked
                                               : !failure);
  }
});

}  // namespace

}  // namespace sallyport::fuzz

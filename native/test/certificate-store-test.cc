// Chain validation (RFC 5280 §6) without JavaScript. Certificates are made here, by the OpenSSL
// that is linked.
#include "cms/certificate-store.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>

#include <ctime>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "test/certificate-fixture.h"
#include "test/story.h"

namespace sallyport::cms {

namespace {

using test::expect;
using test::Story;

const std::vector<Extension> kAuthority = {
    {NID_basic_constraints, "critical,CA:TRUE"},
    {NID_key_usage, "critical,keyCertSign"},
    {NID_subject_key_identifier, "hash"},
};
const std::vector<Extension> kUser = {
    {NID_key_usage, "critical,digitalSignature"},
    {NID_subject_alt_name, "URI:sip:alice@example.com,DNS:example.com"},
};

ValidationOutcome validate(const CertificateStore& store, const Bytes& certificate,
                           std::int64_t at = kNow, CertificateUse use = CertificateUse::sign) {
  return store.validate(certificate, {}, at, use);
}

bool failsAs(const ValidationOutcome& outcome, CertificateFailure failure) {
  return !outcome.ok() && outcome.failure().failure == failure;
}

const Story passes("a certificate by the anchor passes and says whom it names", [] {
  const Party root = makeParty("Root", nullptr, kAuthority);
  const Party alice = makeParty("Alice, née A.", &root, kUser);
  CertificateStore store;
  expect(store.addAnchor(root.der()));
  const auto outcome = validate(store, alice.der());
  expect(outcome.ok());
  if (!outcome.ok()) return;
  expect(outcome.value().subject == "CN=Alice\\, n\\C3\\A9e A.");
  expect(outcome.value().uris == std::vector<std::string>{"sip:alice@example.com"});
  expect(outcome.value().dnsNames == std::vector<std::string>{"example.com"});
  expect(outcome.value().notAfter == kNow + 5 * kDay);
  expect(outcome.value().chainNotAfter == kNow + 5 * kDay);
});

const Story refuses("each refusal has its own reason", [] {
  const Party root = makeParty("Root", nullptr, kAuthority);
  const Party alice = makeParty("Alice", &root, kUser);
  CertificateStore store;
  expect(failsAs(validate(store, alice.der()), CertificateFailure::untrusted));
  expect(store.addAnchor(root.der()));
  expect(failsAs(validate(store, alice.der(), kNow + 6 * kDay), CertificateFailure::expired));
  expect(failsAs(validate(store, alice.der(), kNow - 6 * kDay), CertificateFailure::notYetValid));
  expect(failsAs(validate(store, alice.der(), kNow, CertificateUse::encrypt),
                 CertificateFailure::keyUsage));
  const Party server = makeParty("Server", &root, {{NID_ext_key_usage, "serverAuth"}});
  expect(failsAs(validate(store, server.der()), CertificateFailure::extendedKeyUsage));
  const Party other = makeParty("Root", nullptr, kAuthority);
  const Party impostor = makeParty("Alice", &other, kUser);
  expect(failsAs(validate(store, impostor.der()), CertificateFailure::untrusted));
  expect(failsAs(validate(store, {}), CertificateFailure::malformed));
  expect(failsAs(validate(store, Bytes(kMaxCertificateOctets + 1)), CertificateFailure::malformed));
  Bytes longer = alice.der();
  longer.push_back(0);
  expect(failsAs(validate(store, longer), CertificateFailure::malformed));
});

/// Signs a list of `issuer` that is current around `kNow` and names `revoked`.
Bytes makeList(const Party& issuer, const std::vector<const Party*>& revoked) {
  const RevocationList list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  const Handle<ASN1_TIME, ASN1_TIME_free> from(ASN1_TIME_set(nullptr, kNow - kDay));
  const Handle<ASN1_TIME, ASN1_TIME_free> until(ASN1_TIME_set(nullptr, kNow + kDay));
  X509_CRL_set1_lastUpdate(list.get(), from.get());
  X509_CRL_set1_nextUpdate(list.get(), until.get());
  for (const Party* party : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(party->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, from.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  X509_CRL_sort(list.get());
  X509_CRL_sign(list.get(), issuer.key.get(), EVP_sha256());
  unsigned char* start = nullptr;
  const int length = i2d_X509_CRL(list.get(), &start);
  Bytes bytes(start, start + length);
  OPENSSL_free(start);
  return bytes;
}

const Story revocation(
    "who is on a list is refused, and where one must be there whoever has none", [] {
      const Party root = makeParty("Root", nullptr,
                                   {{NID_basic_constraints, "critical,CA:TRUE"},
                                    {NID_key_usage, "critical,keyCertSign,cRLSign"}});
      const Party alice = makeParty("Alice", &root, kUser);
      const Party bob = makeParty("Bob", &root, kUser);
      const Bytes list = makeList(root, {&bob});
      const auto outcomeOf = [&](RevocationChecking checking, const Bytes* with, const Party& party,
                                 std::int64_t at, std::int64_t skew = 0) {
        CertificateStore store({checking, skew});
        expect(store.addAnchor(root.der()));
        if (with != nullptr) expect(store.addRevocationList(*with));
        return validate(store, party.der(), at);
      };
      using enum RevocationChecking;
      expect(outcomeOf(required, &list, alice, kNow).ok());
      expect(failsAs(outcomeOf(required, &list, bob, kNow), CertificateFailure::revoked));
      expect(failsAs(outcomeOf(required, nullptr, alice, kNow),
                     CertificateFailure::revocationUnknown));
      expect(outcomeOf(ifPresent, nullptr, alice, kNow).ok());
      expect(failsAs(outcomeOf(ifPresent, &list, alice, kNow + kDay + 30),
                     CertificateFailure::revocationUnknown));
      expect(outcomeOf(ifPresent, &list, alice, kNow + kDay + 30, 60).ok());
      expect(outcomeOf(off, &list, bob, kNow).ok());
      expect(signedRevocationList(root.der(), list));
      expect(!signedRevocationList(alice.der(), list));
      Bytes longer = list;
      longer.push_back(0);
      expect(parseRevocationList(longer) == nullptr);
      expect(parseRevocationList(Bytes(kMaxRevocationListOctets + 1)) == nullptr);
      expect(ERR_peek_error() == 0);
    });

const Story depth("a chain is as deep as it may be and no deeper", [] {
  std::vector<Party> chain;
  chain.push_back(makeParty("0", nullptr, kAuthority));
  for (int i = 1; i <= CertificateStore::kMaxChainDepth + 1; i++) {
    chain.push_back(makeParty(std::to_string(i).c_str(), &chain.back(), kAuthority));
  }
  CertificateStore store;
  expect(store.addAnchor(chain.front().der()));
  const auto validateBelow = [&](std::size_t issuer) {
    const Bytes leaf = makeParty("Leaf", &chain[issuer], kUser).der();
    std::vector<Bytes> ders;
    std::vector<std::span<const std::uint8_t>> intermediates;
    for (std::size_t i = 1; i <= issuer; i++) ders.push_back(chain[i].der());
    for (const Bytes& der : ders) intermediates.emplace_back(der);
    return store.validate(leaf, intermediates, kNow, CertificateUse::sign);
  };
  expect(validateBelow(CertificateStore::kMaxChainDepth).ok());
  expect(!validateBelow(CertificateStore::kMaxChainDepth + 1).ok());
});

const Story nul("a name with a NUL in it names nobody", [] {
  const Party root = makeParty("Root", nullptr, kAuthority);
  Party alice = makeParty("Alice", &root, {});
  Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(sk_GENERAL_NAME_new_null());
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, "sip:bob@example.com\0@evil.net", 29);
  GENERAL_NAME_set0_value(name, GEN_URI, text);
  sk_GENERAL_NAME_push(names.get(), name);
  X509_add1_ext_i2d(alice.certificate.get(), NID_subject_alt_name, names.get(), 0, 0);
  X509_sign(alice.certificate.get(), root.key.get(), EVP_sha256());
  CertificateStore store;
  expect(store.addAnchor(root.der()));
  expect(failsAs(validate(store, alice.der()), CertificateFailure::malformed));
});

const Story mutations(
    "two thousand mutated certificates leave neither a verdict nor an error behind", [] {
      const Party root = makeParty("Root", nullptr, kAuthority);
      const Bytes original = makeParty("Alice", &root, kUser).der();
      CertificateStore store;
      expect(store.addAnchor(root.der()));
      std::mt19937 random(20261124);
      int passed = 0;
      for (int round = 0; round < 2000; round++) {
        Bytes mutated = original;
        for (std::uint32_t count = 1 + random() % 4; count > 0; count--) {
          mutated[random() % mutated.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
        }
        if (random() % 4 == 0) mutated.resize(random() % mutated.size());
        if (mutated != original && validate(store, mutated).ok()) passed++;
        const std::span<const std::uint8_t> intermediates[] = {mutated};
        static_cast<void>(store.validate(original, intermediates, kNow, CertificateUse::sign));
      }
      expect(passed == 0);
      expect(ERR_peek_error() == 0);
    });

const Story threads("stores of several threads do not disturb each other", [] {
  const Party root = makeParty("Root", nullptr, kAuthority);
  const Bytes anchor = root.der();
  const Bytes alice = makeParty("Alice", &root, kUser).der();
  std::vector<int> passed(4, 0);
  std::vector<std::thread> running;
  for (int& count : passed) {
    running.emplace_back([&anchor, &alice, &count] {
      CertificateStore store;
      if (!store.addAnchor(anchor)) return;
      for (int round = 0; round < 200; round++) count += validate(store, alice).ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : running) thread.join();
  for (const int count : passed) expect(count == 200);
});

}  // namespace

}  // namespace sallyport::cms

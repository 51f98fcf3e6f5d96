// PKCS #12 (RFC 7292) without JavaScript.
#include "cms/pkcs12-file.h"

#include <openssl/err.h>

#include <random>

#include "test/certificate-fixture.h"
#include "test/story.h"

namespace sallyport::cms {

namespace {

using test::expect;
using test::Story;

struct Holder {
  Bytes key;
  Bytes certificate;
};

Holder makeHolder() {
  const Party party = makeParty("Holder", nullptr, {});
  const KeyInfo info(EVP_PKEY2PKCS8(party.key.get()));
  Bytes key(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr)));
  unsigned char* next = key.data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &next);
  return {key, party.der()};
}

const Story roundTrip("what is written opens by its passphrase and no other", [] {
  ERR_clear_error();  // of the tests before
  const Holder holder = makeHolder();
  const Holder other = makeHolder();
  const Octets certificates[] = {holder.certificate, other.certificate};
  const Bytes file = writePkcs12(holder.key, certificates, "passphrase", "name");
  expect(!file.empty());
  const auto opened = openPkcs12(file, "passphrase");
  expect(opened.ok());
  if (!opened.ok()) return;
  const auto key = opened.value().privateKey.reveal();
  expect(Bytes(key.begin(), key.end()) == holder.key);
  expect(opened.value().certificate == holder.certificate);
  expect(opened.value().others == std::vector<Bytes>{other.certificate});
  for (const char* wrong : {"", "Passphrase", "passphras"}) {
    const auto refused = openPkcs12(file, wrong);
    expect(!refused.ok() && refused.failure() == Pkcs12Failure::wrongPassphrase);
  }
  const Octets stranger[] = {other.certificate};
  expect(writePkcs12(holder.key, stranger, "passphrase", "name").empty());
  expect(writePkcs12({}, certificates, "passphrase", "name").empty());
  expect(ERR_peek_error() == 0);
});

const Story mutations("what is cut short or changed opens to nothing", [] {
  ERR_clear_error();  // of the tests before
  const Holder holder = makeHolder();
  const Octets certificates[] = {holder.certificate};
  const Bytes file = writePkcs12(holder.key, certificates, "passphrase", "name");
  std::mt19937 random(20261124);
  for (int round = 0; round < 30; round++) {
    Bytes changed = file;
    if (round % 2 == 0) {
      changed.resize(random() % file.size());
    } else {
      // Behind the first octets lies what the MAC covers.
      changed[64 + random() % 128] ^= static_cast<std::uint8_t>(1 + random() % 255);
    }
    expect(!openPkcs12(changed, "passphrase").ok());
  }
  expect(ERR_peek_error() == 0);
});

}  // namespace

}  // namespace sallyport::cms

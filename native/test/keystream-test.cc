// AES-CM keystream as the RFCs publish it, for session keys that no master key leads to.
#include <cipher.h>
#include <config.h>  // libsrtp's inner headers ask for it
#include <crypto_kernel.h>
#include <crypto_types.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "srtp/srtp-library.h"
#include "test/story.h"

namespace sallyport::srtp {

namespace {

using test::expect;
using test::Story;

std::vector<std::uint8_t> fromHex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// The first three blocks for SSRC, rollover counter and sequence number zero.
std::vector<std::uint8_t> keystream(srtp_cipher_type_id_t type, std::string_view keyAndSalt) {
  const auto key = fromHex(keyAndSalt);
  std::vector<std::uint8_t> stream(48, 0);
  auto octets = static_cast<unsigned>(stream.size());
  std::array<std::uint8_t, 16> iv{};
  srtp_cipher_t* cipher = nullptr;
  expect(srtp_crypto_kernel_alloc_cipher(type, &cipher, static_cast<int>(key.size()), 0) ==
         srtp_err_status_ok);
  expect(srtp_cipher_init(cipher, key.data()) == srtp_err_status_ok);
  expect(srtp_cipher_set_iv(cipher, iv.data(), srtp_direction_encrypt) == srtp_err_status_ok);
  expect(srtp_cipher_encrypt(cipher, stream.data(), &octets) == srtp_err_status_ok);
  srtp_cipher_dealloc(cipher);
  return stream;
}

const Story aes128("AES-CM-128 keystream matches RFC 3711 App. B.2", [] {
  expect(startLibrary() == LibraryState::usable);
  expect(
      keystream(SRTP_AES_ICM_128, "2b7e151628aed2a6abf7158809cf4f3cf0f1f2f3f4f5f6f7f8f9fafbfcfd") ==
      fromHex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
              "41e95b3bb0a2e8dd477901e4fca894c0"));
});

const Story aes256("AES-CM-256 keystream matches RFC 6188 §7.1", [] {
  expect(startLibrary() == LibraryState::usable);
  expect(keystream(SRTP_AES_ICM_256,
                   "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98"
                   "f0f1f2f3f4f5f6f7f8f9fafbfcfd") ==
         fromHex("92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac"
                 "63c4868b7096d88421b563b8c94c9a31"));
});

}  // namespace

}  // namespace sallyport::srtp

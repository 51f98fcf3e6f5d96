#include "srtp/master-key.h"

#include <openssl/rand.h>

namespace sallyport::srtp {

Result<MasterKey, MasterKeyFailure> MasterKey::generate(Suite suite) {
  SecretBytes bytes(traitsOf(suite).masterOctets());
  if (RAND_priv_bytes(bytes.fill().data(), static_cast<int>(bytes.size())) != 1) {
    return MasterKeyFailure::randomSourceFailed;
  }
  return MasterKey(suite, std::move(bytes));
}

Result<MasterKey, MasterKeyFailure> MasterKey::copyOf(Suite suite,
                                                      std::span<const std::uint8_t> keyAndSalt) {
  if (keyAndSalt.size() != traitsOf(suite).masterOctets()) return MasterKeyFailure::wrongLength;
  return MasterKey(suite, SecretBytes::copyOf(keyAndSalt));
}

}  // namespace sallyport::srtp

#include "key-derivation.h"

#include <string.h>

enum { saltOctets = 14, blockOctets = 16, authenticationKeyOctets = 20, labelOffset = 7 };

static int outputOctets(const EVP_CIPHER *cipher, int label) {
  switch (label) {
    case 0:  // SRTP encryption
    case 3:  // SRTCP encryption
    case 6:  // header extension encryption (RFC 6904)
      return EVP_CIPHER_get_key_length(cipher);
    case 1:  // SRTP authentication
    case 4:  // SRTCP authentication
      return authenticationKeyOctets;
    case 2:  // SRTP salt
    case 5:  // SRTCP salt
    case 7:  // header extension salt
      return saltOctets;
    default:
      return -1;
  }
}

int kdf_srtp(const EVP_CIPHER *cipher, const char *masterKey, const char *masterSalt,
             const char *index, const char *derivationRate, int label, char *output) {
  const int length = outputOctets(cipher, label);
  if (length < 0 || index != NULL || derivationRate != NULL) return -1;

  // x = (label || index DIV rate) XOR salt; the counter block is x * 2^16.
  unsigned char counter[blockOctets] = {0};
  memcpy(counter, masterSalt, saltOctets);
  counter[labelOffset] ^= (unsigned char)label;

  unsigned char keystream[KDF_SRTP_MAX_OUTPUT] = {0};
  int written = 0;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
  const int succeeded =
      context != NULL &&
      EVP_EncryptInit_ex(context, cipher, NULL, (const unsigned char *)masterKey, counter) == 1 &&
      EVP_EncryptUpdate(context, keystream, &written, keystream, length) == 1 && written == length;
  EVP_CIPHER_CTX_free(context);

  if (succeeded) memcpy(output, keystream, (size_t)length);
  OPENSSL_cleanse(keystream, sizeof keystream);
  OPENSSL_cleanse(counter, sizeof counter);
  return succeeded ? 0 : -1;
}

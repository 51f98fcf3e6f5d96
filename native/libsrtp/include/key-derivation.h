// Included before every libsrtp source file. libsrtp 2.5.0 derives AES-192 session keys with an
// AES-256 KDF (RFC 6188 §3 wants AES-192); built with OPENSSL_KDF it calls `kdf_srtp` instead,
// which a patched OpenSSL would have. We supply that function, so that all three key sizes follow
// the RFC.
#pragma once

#include <openssl/evp.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SRTP_AES_128_KEYSIZE 16
#define SRTP_AES_192_KEYSIZE 24
#define SRTP_AES_256_KEYSIZE 32

/// Most octets that one call of `kdf_srtp` writes.
#define KDF_SRTP_MAX_OUTPUT 32

/// Session key derivation of RFC 3711 §4.3.1 with AES-CM as PRF (§4.3.3) and key derivation rate 0.
/// `cipher` is EVP_aes_{128,192,256}_ctr; `masterSalt` has 14 octets (RFC 7714: 12 octets and two
/// zeros). `index` and `derivationRate` must be null. The output length follows from `label` as
/// libsrtp expects: the cipher's key length for 0, 3 and 6, 20 octets for 1 and 4, 14 octets for 2,
/// 5 and 7. Returns 0, or -1 when OpenSSL or an argument failed.
int kdf_srtp(const EVP_CIPHER *cipher, const char *masterKey, const char *masterSalt,
             const char *index, const char *derivationRate, int label, char *output);

#ifdef __cplusplus
}
#endif

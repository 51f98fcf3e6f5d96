# libsrtp 2.5.0 with its OpenSSL back end, against the OpenSSL headers and exported symbols of the Node that builds.
# `source/` is put there by native/install/install.mjs and is never committed.
{
  'includes': ['../settings.gypi'],
  'targets': [
    {
      'target_name': 'libsrtp',
      'type': 'static_library',
      'defines': ['HAVE_CONFIG_H'],
      'include_dirs': ['include', 'source/include', 'source/crypto/include', 'source/srtp'],
      'direct_dependent_settings': {
        'include_dirs': ['include', 'source/include', 'source/crypto/include'],
      },
      'cflags_c': ['-include', 'key-derivation.h', '-Wno-unused-parameter', '-Wno-sign-compare'],
      'sources': [
        'key-derivation.c',
        'srtp-with-stream-access.c',
        'source/crypto/cipher/cipher.c',
        'source/crypto/cipher/cipher_test_cases.c',
        'source/crypto/cipher/null_cipher.c',
        'source/crypto/cipher/aes_icm_ossl.c',
        'source/crypto/cipher/aes_gcm_ossl.c',
        'source/crypto/hash/auth.c',
        'source/crypto/hash/auth_test_cases.c',
        'source/crypto/hash/null_auth.c',
        'source/crypto/hash/hmac_ossl.c',
        'source/crypto/kernel/alloc.c',
        'source/crypto/kernel/crypto_kernel.c',
        'source/crypto/kernel/err.c',
        'source/crypto/kernel/key.c',
        'source/crypto/math/datatypes.c',
        'source/crypto/replay/rdb.c',
        'source/crypto/replay/rdbx.c',
      ],
    },
  ],
}

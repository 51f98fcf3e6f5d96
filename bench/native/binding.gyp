# What our SRTP is measured beside, as an addon of its own: libsrtp as it is published, from the same pinned source but
# without our HMAC and without our sessions, and the primitives of OpenSSL alone. Both on the OpenSSL of the Node that
# runs, as ours is. bench/native/build.mjs builds it; it is no part of the package.
{
  'includes': ['../../native/settings.gypi'],
  'variables': {
    'libsrtp': '../../native/libsrtp',
  },
  'targets': [
    {
      'target_name': 'crypto-peers',
      'type': 'loadable_module',
      'dependencies': ['<!(node -p "require(\'node-addon-api\').targets"):node_addon_api_except'],
      'defines': ['NAPI_VERSION=8', 'HAVE_CONFIG_H'],
      'include_dirs': [
        '../../native',
        '<(libsrtp)/include',
        '<(libsrtp)/source/include',
        '<(libsrtp)/source/crypto/include',
      ],
      'cflags_c': ['-include', 'key-derivation.h', '-Wno-unused-parameter', '-Wno-sign-compare'],
      'ldflags': ['-Wl,--exclude-libs,ALL'],
      'sources': [
        'addon.cc',
        'openssl-primitive.cc',
        'stock-session.cc',
        # Not timed, and libsrtp's own derives wrong keys for AES-192.
        '<(libsrtp)/key-derivation.c',
        '<(libsrtp)/source/srtp/srtp.c',
        '<(libsrtp)/source/crypto/cipher/cipher.c',
        '<(libsrtp)/source/crypto/cipher/cipher_test_cases.c',
        '<(libsrtp)/source/crypto/cipher/null_cipher.c',
        '<(libsrtp)/source/crypto/cipher/aes_icm_ossl.c',
        '<(libsrtp)/source/crypto/cipher/aes_gcm_ossl.c',
        '<(libsrtp)/source/crypto/hash/auth.c',
        '<(libsrtp)/source/crypto/hash/auth_test_cases.c',
        '<(libsrtp)/source/crypto/hash/null_auth.c',
        '<(libsrtp)/source/crypto/hash/hmac_ossl.c',
        '<(libsrtp)/source/crypto/kernel/alloc.c',
        '<(libsrtp)/source/crypto/kernel/crypto_kernel.c',
        '<(libsrtp)/source/crypto/kernel/err.c',
        '<(libsrtp)/source/crypto/kernel/key.c',
        '<(libsrtp)/source/crypto/math/datatypes.c',
        '<(libsrtp)/source/crypto/replay/rdb.c',
        '<(libsrtp)/source/crypto/replay/rdbx.c',
      ],
    },
  ],
}

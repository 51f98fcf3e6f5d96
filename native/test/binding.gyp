# One program with all native tests. It links the system's libcrypto, because a program cannot borrow Node's.
{
  'includes': ['../settings.gypi'],
  'targets': [
    {
      'target_name': 'native-tests',
      'type': 'executable',
      'dependencies': ['../libsrtp/libsrtp.gyp:libsrtp'],
      'include_dirs': ['..'],
      'sources': ['<!@(node ../install/list-sources.mjs base crypto srtp cms media net test)'],
      'libraries': ['-l:libcrypto.so.3', '-lpthread'],
    },
  ],
}

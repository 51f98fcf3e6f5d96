# The addon: our C++ below `binding/` as a library without exceptions, the Node-API layer on top of it.
# New .cc files are found by native/install/list-sources.mjs; nobody needs to edit this file to add one.
{
  'includes': ['native/settings.gypi'],
  'variables': {
    'checks%': 'no',
  },
  'targets': [
    {
      'target_name': 'sallyport_native',
      'type': 'static_library',
      'dependencies': ['native/libsrtp/libsrtp.gyp:libsrtp'],
      'export_dependent_settings': ['native/libsrtp/libsrtp.gyp:libsrtp'],
      'include_dirs': ['native'],
      'sources': ['<!@(node native/install/list-sources.mjs base crypto srtp cms domains media net traffic)'],
    },
    {
      'target_name': 'sallyport',
      'type': 'loadable_module',
      'dependencies': [
        'sallyport_native',
        '<!(node -p "require(\'node-addon-api\').targets"):node_addon_api_except',
      ],
      'defines': [
        'NAPI_VERSION=8',
        # A worker that is being terminated lets nothing be thrown into it any more; that must not end the process.
        'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ],
      'include_dirs': ['native'],
      'ldflags': ['-Wl,--exclude-libs,ALL'],
      'sources': ['native/addon.cc', '<!@(node native/install/list-sources.mjs binding)'],
    },
    {
      # Confines a process and becomes Node; it needs nothing of ours.
      'target_name': 'sallyport-launcher',
      'type': 'executable',
      'include_dirs': ['native'],
      'sources': ['<!@(node native/install/list-sources.mjs launcher)'],
    },
  ],
  'conditions': [
    # Programs of their own, for native/test/run.mjs and native/fuzz/run.mjs. They link the system's libcrypto, because
    # a program cannot borrow Node's.
    ['checks=="yes"', {
      'targets': [
        {
          'target_name': 'native-tests',
          'type': 'executable',
          'dependencies': ['sallyport_native'],
          'include_dirs': ['native'],
          'sources': ['<!@(node native/install/list-sources.mjs test fuzz launcher)'],
          # The tests have a `main` of their own.
          'sources!': ['native/launcher/main.cc'],
          'libraries': ['-l:libcrypto.so.3', '-lpthread'],
        },
        {
          'target_name': 'native-fuzz',
          'type': 'executable',
          'dependencies': ['sallyport_native'],
          'include_dirs': ['native'],
          'sources': ['<!@(node native/install/list-sources.mjs fuzz)'],
          'libraries': ['-l:libcrypto.so.3', '-lpthread'],
        },
      ],
    }],
  ],
}

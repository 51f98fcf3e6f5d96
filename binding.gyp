# The addon: our C++ below `binding/` as a library without exceptions, the Node-API layer on top of it.
# New .cc files are found by native/install/list-sources.mjs; nobody needs to edit this file to add one.
{
  'includes': ['native/settings.gypi'],
  'targets': [
    {
      'target_name': 'sallyport_native',
      'type': 'static_library',
      'dependencies': ['native/libsrtp/libsrtp.gyp:libsrtp'],
      'export_dependent_settings': ['native/libsrtp/libsrtp.gyp:libsrtp'],
      'include_dirs': ['native'],
      'sources': ['<!@(node native/install/list-sources.mjs base crypto srtp cms media net)'],
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
      'sources': ['native/addon.cc', '<!@(node native/install/list-sources.mjs binding)'],
    },
  ],
}

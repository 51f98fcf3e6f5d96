# How all of our C and C++ is compiled. `-Dsanitizer=address,undefined` (or `thread`) instruments everything.
{
  'variables': {
    'sanitizer%': '',
  },
  'target_defaults': {
    'cflags': ['-fvisibility=hidden', '-ffunction-sections', '-fdata-sections', '-fPIC'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-fvisibility-inlines-hidden', '-fno-gnu-unique', '-Wall', '-Wextra'],
    'ldflags': ['-Wl,--gc-sections', '-Wl,--exclude-libs,ALL', '-Wl,-z,relro', '-Wl,-z,now'],
    'conditions': [
      ['sanitizer!=""', {
        'cflags': ['-fsanitize=<(sanitizer)', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer', '-g'],
        'ldflags': ['-fsanitize=<(sanitizer)'],
      }],
    ],
    'configurations': {
      'Release': {
        'cflags': ['-O3'],
        'defines': ['NDEBUG'],
      },
    },
  },
}

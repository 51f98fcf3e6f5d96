# How all of our C and C++ is compiled. Besides Release and Debug there are the configurations of the checks:
# Asan and Tsan for g++, Fuzz for clang, each in its own folder below build/.
{
  'variables': {
    'checked': ['-O1', '-g', '-fno-omit-frame-pointer', '-fno-sanitize-recover=all'],
  },
  'target_defaults': {
    'cflags': ['-fvisibility=hidden', '-ffunction-sections', '-fdata-sections', '-fPIC'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['-std=c++20', '-fvisibility-inlines-hidden', '-Wall', '-Wextra'],
    'ldflags': ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now'],
    'configurations': {
      'Release': {
        'cflags': ['-O3'],
        'cflags_cc': ['-fno-gnu-unique'],
        'defines': ['NDEBUG'],
      },
      'Debug': {
        'cflags_cc': ['-fno-gnu-unique'],
      },
      'Asan': {
        'cflags': ['<@(checked)', '-fsanitize=address,undefined'],
        'cflags_cc': ['-fno-gnu-unique'],
        'ldflags': ['-fsanitize=address,undefined'],
      },
      'Tsan': {
        'cflags': ['<@(checked)', '-fsanitize=thread'],
        'ldflags': ['-fsanitize=thread'],
      },
      'Fuzz': {
        'cflags': ['<@(checked)', '-fsanitize=fuzzer-no-link,address,undefined'],
        'ldflags': ['-fsanitize=fuzzer,address,undefined'],
      },
    },
  },
}

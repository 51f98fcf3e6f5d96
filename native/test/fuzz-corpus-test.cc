// Every input that the fuzzers start from, and every one that ever failed, once more.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/target.h"
#include "test/story.h"

namespace sallyport::fuzz {

namespace {

using test::expect;
using test::Story;

const Story replays("every kept input of every fuzzer is survived", [] {
  for (const std::string_view name : targetNames()) {
    const Feed feed = findTarget(name);
    feed({});
    const auto folder = std::filesystem::path("native/fuzz/corpus") / name;
    expect(std::filesystem::is_directory(folder));
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<char> octets{std::istreambuf_iterator<char>(file), {}};
      feed({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
    }
  }
});

}  // namespace

}  // namespace sallyport::fuzz

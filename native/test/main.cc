#include <cstdio>
#include <vector>

#include "test/story.h"

namespace sallyport::test {

namespace {

struct Entry {
  const char* title;
  void (*tell)();
};

std::vector<Entry>& stories() {
  static std::vector<Entry> all;
  return all;
}

int failedExpectations = 0;

}  // namespace

Story::Story(const char* title, void (*tell)()) { stories().push_back({title, tell}); }

void expect(bool holds, std::source_location where) {
  if (holds) return;
  failedExpectations++;
  std::printf("  %s:%u: expectation failed\n", where.file_name(), where.line());
}

namespace {

int tellAll() {
  int failedStories = 0;
  for (const Entry& story : stories()) {
    failedExpectations = 0;
    story.tell();
    std::printf("%s %s\n", failedExpectations == 0 ? "ok" : "FAILED", story.title);
    std::fflush(stdout);
    if (failedExpectations != 0) failedStories++;
  }
  return failedStories == 0 ? 0 : 1;
}

}  // namespace

}  // namespace sallyport::test

int main() { return sallyport::test::tellAll(); }

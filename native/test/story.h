#pragma once

#include <source_location>

namespace sallyport::test {

/// One native test. A global `const Story` in any *-test.cc registers it:
///   const Story opensOnce("a packet opens once", [] { expect(...); });
class Story {
 public:
  Story(const char* title, void (*tell)());
};

/// Fails the story that is being told when `holds` is false; the story goes on.
void expect(bool holds, std::source_location where = std::source_location::current());

}  // namespace sallyport::test

#include "fuzz/target.h"

#include <cstdlib>

namespace sallyport::fuzz {

namespace {

struct Entry {
  std::string_view name;
  Feed feed;
};

std::vector<Entry>& entries() {
  static std::vector<Entry> all;
  return all;
}

}  // namespace

Target::Target(std::string_view name, Feed feed) { entries().push_back({name, feed}); }

Feed findTarget(std::string_view name) {
  const auto found =
      std::ranges::find_if(entries(), [&](const Entry& entry) { return entry.name == name; });
  return found == entries().end() ? nullptr : found->feed;
}

std::vector<std::string_view> targetNames() {
  std::vector<std::string_view> names;
  for (const Entry& entry : entries()) names.push_back(entry.name);
  return names;
}

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace sallyport::fuzz

#include "media/source-table.h"

#include <algorithm>

namespace sallyport::media {

void SourceTable::limit(std::size_t maxSources) {
  maxSources_ = maxSources;
  sources_.reserve(maxSources);
}

bool SourceTable::admits(std::uint32_t ssrc, std::uint64_t nowMs) noexcept {
  if (last_ >= sources_.size() || sources_[last_].ssrc != ssrc) {
    const auto found = std::ranges::find(sources_, ssrc, &Source::ssrc);
    if (found != sources_.end()) {
      last_ = static_cast<std::size_t>(found - sources_.begin());
    } else if (sources_.size() < maxSources_) {
      last_ = sources_.size();
      sources_.push_back({ssrc, nowMs});
    } else {
      const auto silent = std::ranges::min_element(sources_, {}, &Source::heardMs);
      if (silent == sources_.end() || nowMs - silent->heardMs < kSilentMs) return false;
      last_ = static_cast<std::size_t>(silent - sources_.begin());
      silent->ssrc = ssrc;
    }
  }
  sources_[last_].heardMs = nowMs;
  return true;
}

}  // namespace sallyport::media

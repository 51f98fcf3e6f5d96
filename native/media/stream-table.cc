#include "media/stream-table.h"

#include <algorithm>

#include "srtp/hot-lines.h"

namespace sallyport::media {

Stream* StreamTable::find(std::uint32_t ssrc) noexcept {
  if (lastFound_ < streams_.size() && streams_[lastFound_].ssrc == ssrc) {
    return &streams_[lastFound_];
  }
  const auto found = std::ranges::find(streams_, ssrc, &Stream::ssrc);
  if (found == streams_.end()) return nullptr;
  lastFound_ = static_cast<std::size_t>(found - streams_.begin());
  return &*found;
}

Stream* StreamTable::findSent(std::uint32_t sentSsrc) noexcept {
  const auto found = std::ranges::find(streams_, sentSsrc, &Stream::sentSsrc);
  return found == streams_.end() ? nullptr : &*found;
}

Stream& StreamTable::add(std::uint32_t ssrc, std::uint32_t sentSsrc) {
  Stream& stream = streams_.emplace_back();
  stream.ssrc = ssrc;
  stream.sentSsrc = sentSsrc;
  return stream;
}

void StreamTable::onSenderChange() noexcept {
  for (Stream& stream : streams_) stream.numbering.onSenderChange();
}

void StreamTable::prefetch(std::size_t step) const noexcept {
  if (step == 0) srtp::prefetchObject(this);
  if (step == 2 && lastFound_ < streams_.size()) srtp::prefetchObject(&streams_[lastFound_]);
}

}  // namespace sallyport::media

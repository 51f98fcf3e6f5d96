#include "media/stream-table.h"

#include <algorithm>
#include <span>

#include "srtp/hot-lines.h"

namespace sallyport::media {

Stream* StreamTable::find(std::uint32_t ssrc) noexcept {
  if (lastFound_ < streams_.size() && streams_[lastFound_].ssrc == ssrc) {
    return &streams_[lastFound_];
  }
  const auto found = std::ranges::find(ssrcs_, ssrc);
  if (found == ssrcs_.end()) return nullptr;
  lastFound_ = static_cast<std::size_t>(found - ssrcs_.begin());
  return &streams_[lastFound_];
}

Stream* StreamTable::findSent(std::uint32_t sentSsrc) noexcept {
  const auto found = std::ranges::find(sentSsrcs_, sentSsrc);
  return found == sentSsrcs_.end() ? nullptr : &streams_[found - sentSsrcs_.begin()];
}

bool StreamTable::hasSentWith(std::uint32_t sentSsrc) const noexcept {
  return std::ranges::any_of(streams_, [&](const Stream& stream) {
    const auto former = std::span(stream.formerSsrcs).first(stream.reassignments);
    return stream.sentSsrc == sentSsrc || std::ranges::find(former, sentSsrc) != former.end();
  });
}

Stream& StreamTable::add(std::uint32_t ssrc, std::uint32_t sentSsrc) {
  ssrcs_.push_back(ssrc);
  sentSsrcs_.push_back(sentSsrc);
  Stream& stream = streams_.emplace_back();
  stream.ssrc = ssrc;
  stream.sentSsrc = sentSsrc;
  return stream;
}

Stream* StreamTable::replaceSilent(std::uint32_t ssrc, std::uint64_t nowUs) noexcept {
  // Spares the search while a flood of new SSRCs finds nobody silent.
  if (streams_.empty() || nowUs < oldestHeardUs_ + kSilentUs) return nullptr;
  Stream& oldest = *std::ranges::min_element(streams_, {}, &Stream::heardUs);
  oldestHeardUs_ = oldest.heardUs;
  if (nowUs < oldestHeardUs_ + kSilentUs) return nullptr;

  lastFound_ = static_cast<std::size_t>(&oldest - streams_.data());
  oldest.ssrc = ssrcs_[lastFound_] = ssrc;
  oldest.heardUs = nowUs;
  oldest.numbering.onOtherStream();
  oldest.reception = {};
  oldest.references = {};
  oldest.farReport.reset();
  oldest.farMetrics.reset();
  return &oldest;
}

void StreamTable::reassign(Stream& stream, std::uint32_t sentSsrc) noexcept {
  stream.formerSsrcs[stream.reassignments++] = stream.sentSsrc;
  stream.sentSsrc = sentSsrcs_[static_cast<std::size_t>(&stream - streams_.data())] = sentSsrc;
}

void StreamTable::onSenderChange() noexcept {
  for (Stream& stream : streams_) stream.numbering.onSenderChange();
}

void StreamTable::prefetch(std::size_t step) const noexcept {
  if (step == 0) srtp::prefetchObject(this);
  if (step == 2 && lastFound_ < streams_.size()) srtp::prefetchObject(&streams_[lastFound_]);
}

}  // namespace sallyport::media

#include "traffic/traffic-report.h"

#include <algorithm>

namespace sallyport::traffic {

std::uint64_t quantile(std::span<std::uint64_t> values, std::size_t perMille) noexcept {
  if (values.empty()) return 0;
  const std::size_t rank = std::min(values.size() * perMille / 1000, values.size() - 1);
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace sallyport::traffic

// Mean and maximum of each channel over all voxels of a scan, side by side. Channels lie innermost: [scan, …, channel].

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace sequela {
namespace {

/** Input x; output [scan, 2·channel], the means before the maxima. */
void forward(void*, TF_OpKernelContext* context) {
  Call call(context);
  TF_Tensor* xTensor = call.input(0);
  const Shape shape = shapeOf(xTensor);
  const int64_t scans = shape.front(), channels = shape.back();
  const int64_t size = TF_TensorElementCount(xTensor) / std::max<int64_t>(scans, 1);
  float* pooled = call.output(0, {scans, 2 * channels});
  if (pooled == nullptr) return;
  const float* x = values(xTensor);
  for (int64_t scan = 0; scan < scans; scan++, x += size, pooled += 2 * channels) {
    std::vector<double> sum(channels);
    float* largest = pooled + channels;
    std::fill(largest, largest + channels, -INFINITY);
    for (int64_t at = 0; at < size; at += channels) {
      for (int64_t c = 0; c < channels; c++) {
        sum[c] += x[at + c];
        // Not-a-number must come through, or a broken model would look healthy.
        largest[c] = x[at + c] > largest[c] || std::isnan(x[at + c]) ? x[at + c] : largest[c];
      }
    }
    for (int64_t c = 0; c < channels; c++) pooled[c] = static_cast<float>(sum[c] * channels / size);
  }
}

/** Inputs dPooled, x, pooled; output dx. Voxels that share the maximum share its gradient. */
void backward(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* dPooled = values(call.input(0));
  TF_Tensor* xTensor = call.input(1);
  const float* pooled = values(call.input(2));
  const Shape shape = shapeOf(xTensor);
  const int64_t scans = shape.front(), channels = shape.back();
  const int64_t size = TF_TensorElementCount(xTensor) / std::max<int64_t>(scans, 1);
  float* dx = call.output(0, shape);
  if (dx == nullptr) return;
  const float* x = values(xTensor);
  for (int64_t scan = 0; scan < scans; scan++, x += size, dx += size, pooled += 2 * channels, dPooled += 2 * channels) {
    const float* largest = pooled + channels;
    std::vector<float> holders(channels), ofMean(channels), ofMaximum(channels);
    for (int64_t at = 0; at < size; at += channels) {
      for (int64_t c = 0; c < channels; c++) holders[c] += x[at + c] == largest[c] ? 1.0f : 0.0f;
    }
    for (int64_t c = 0; c < channels; c++) {
      ofMean[c] = dPooled[c] * channels / size;
      ofMaximum[c] = dPooled[channels + c] / holders[c];
    }
    for (int64_t at = 0; at < size; at += channels) {
      for (int64_t c = 0; c < channels; c++) dx[at + c] = ofMean[c] + (x[at + c] == largest[c] ? ofMaximum[c] : 0.0f);
    }
  }
}

}  // namespace

std::vector<Operation> poolingOperations() {
  return {
      {"SequelaMeanMaxPool", {"x: float"}, {"pooled: float"}, {}, nullptr, forward, nullptr},
      {"SequelaMeanMaxPoolGrad",
       {"d_pooled: float", "x: float", "pooled: float"},
       {"dx: float"},
       {},
       nullptr,
       backward,
       nullptr},
  };
}

}  // namespace sequela

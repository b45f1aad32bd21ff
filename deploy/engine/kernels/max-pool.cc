// Maximum over windows of 3×3×3 voxels, two apart, padded as TensorFlow does ('same': what is missing at the end first).
// TensorFlow's own gradient of it takes longer than all convolutions of a ResNet-18. Channels lie innermost.

#include <algorithm>
#include <cmath>

#include "kernel.h"

namespace sequela {
namespace {

constexpr int64_t window = 3, stride = 2;

/** One axis: outputs, and where the window of each begins and ends. */
struct Axis {
  int64_t length, outputs, before;

  explicit Axis(int64_t given) : length(given), outputs((given + stride - 1) / stride) {
    before = std::max<int64_t>((outputs - 1) * stride + window - length, 0) / 2;
  }
  int64_t first(int64_t output) const { return std::max<int64_t>(output * stride - before, 0); }
  int64_t last(int64_t output) const { return std::min(output * stride - before + window, length); }
};

/** Keeps the larger, and what is not a number. */
SEQUELA_VECTORISED
void keepLarger(const float* x, int64_t channels, float* __restrict y) {
  for (int64_t c = 0; c < channels; c++) y[c] = x[c] > y[c] || x[c] != x[c] ? x[c] : y[c];
}

/** Gives dy to the voxel where x is the maximum y, unless a voxel before it has had it: then `left` is 0. */
SEQUELA_VECTORISED
void giveToHolder(const float* x, const float* y, const float* dy, int64_t channels, float* __restrict left,
                  float* __restrict dx) {
  for (int64_t c = 0; c < channels; c++) {
    const float share = x[c] == y[c] ? left[c] : 0.0f;
    dx[c] += share * dy[c];
    left[c] -= share;
  }
}

/** Calls `visit(input voxel, output voxel)` for every voxel of every window, windows in order. */
template <typename Visit, typename Begin>
void forEachWindow(const Axis& depth, const Axis& height, const Axis& width, Begin begin, Visit visit) {
  int64_t output = 0;
  for (int64_t oz = 0; oz < depth.outputs; oz++) {
    for (int64_t oy = 0; oy < height.outputs; oy++) {
      for (int64_t ox = 0; ox < width.outputs; ox++, output++) {
        begin(output);
        for (int64_t z = depth.first(oz); z < depth.last(oz); z++) {
          for (int64_t y = height.first(oy); y < height.last(oy); y++) {
            for (int64_t x = width.first(ox); x < width.last(ox); x++) {
              visit((z * height.length + y) * width.length + x, output);
            }
          }
        }
      }
    }
  }
}

/** Input x [scan, depth, height, width, channel]; output y, every axis halved. */
void forward(void*, TF_OpKernelContext* context) {
  Call call(context);
  TF_Tensor* xTensor = call.input(0);
  const Shape shape = shapeOf(xTensor);
  const Axis depth(shape[1]), height(shape[2]), width(shape[3]);
  const int64_t scans = shape[0], channels = shape[4];
  const int64_t inSize = shape[1] * shape[2] * shape[3] * channels;
  const int64_t outSize = depth.outputs * height.outputs * width.outputs * channels;
  const float* x = values(xTensor);
  float* y = call.output(0, {scans, depth.outputs, height.outputs, width.outputs, channels});
  if (y == nullptr) return;
  forEach(scans, scans * inSize, [=](int64_t scan) {
    const float* from = x + scan * inSize;
    float* to = y + scan * outSize;
    forEachWindow(
        depth, height, width, [=](int64_t output) { std::fill_n(to + output * channels, channels, -INFINITY); },
        [=](int64_t input, int64_t output) { keepLarger(from + input * channels, channels, to + output * channels); });
  });
}

/** Inputs dy, x, y; output dx. The first voxel of a window that has its maximum gets the gradient, as in PyTorch. */
void backward(void*, TF_OpKernelContext* context) {
  Call call(context);
  const float* dy = values(call.input(0));
  TF_Tensor* xTensor = call.input(1);
  const float* y = values(call.input(2));
  const Shape shape = shapeOf(xTensor);
  const Axis depth(shape[1]), height(shape[2]), width(shape[3]);
  const int64_t scans = shape[0], channels = shape[4];
  const int64_t inSize = shape[1] * shape[2] * shape[3] * channels;
  const int64_t outSize = depth.outputs * height.outputs * width.outputs * channels;
  const float* x = values(xTensor);
  float* dx = call.output(0, shape);
  if (dx == nullptr) return;
  forEach(scans, scans * inSize, [=](int64_t scan) {
    const float* from = x + scan * inSize;
    const float* largest = y + scan * outSize;
    const float* gradient = dy + scan * outSize;
    float* to = dx + scan * inSize;
    std::fill_n(to, inSize, 0.0f);
    std::vector<float> remaining(channels);
    float* left = remaining.data();
    forEachWindow(
        depth, height, width, [=](int64_t) { std::fill_n(left, channels, 1.0f); },
        [=](int64_t input, int64_t output) {
          giveToHolder(from + input * channels, largest + output * channels, gradient + output * channels, channels, left,
                       to + input * channels);
        });
  });
}

}  // namespace

std::vector<Operation> maxPoolOperations() {
  return {
      {"SequelaMaxPool", {"x: float"}, {"y: float"}, {}, nullptr, forward, nullptr},
      {"SequelaMaxPoolGrad", {"dy: float", "x: float", "y: float"}, {"dx: float"}, {}, nullptr, backward, nullptr},
  };
}

}  // namespace sequela

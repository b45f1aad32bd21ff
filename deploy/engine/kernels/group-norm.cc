// Group normalisation (Wu and He 2018) with scale and shift per channel, then optionally an addition (the shortcut of a
// residual block) and ReLU, in two passes over the voxels each way. Channels lie innermost: [scan, …, channel].

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernel.h"

namespace sequela {
namespace {

/** As in PyTorch's GroupNorm. */
constexpr double epsilon = 1e-5;

/** Voxels that are summed in float before the sum goes to double. */
constexpr int64_t block = 256;

struct Settings {
  int32_t channelsPerGroup = 1;
  unsigned char relu = 0;
};

struct Sizes {
  int64_t scans, voxels, channels;
};

Sizes sizesOf(TF_Tensor* x) {
  const Shape shape = shapeOf(x);
  Sizes sizes{shape.front(), 1, shape.back()};
  for (size_t axis = 1; axis + 1 < shape.size(); axis++) sizes.voxels *= shape[axis];
  return sizes;
}

/** Adds Σ a and Σ a·b of each channel. @param a, b [voxel, channel] */
SEQUELA_VECTORISED
void addSums(const float* a, const float* b, int64_t voxels, int64_t channels, float* __restrict sum, float* __restrict product) {
  for (int64_t voxel = 0; voxel < voxels; voxel++, a += channels, b += channels) {
    for (int64_t c = 0; c < channels; c++) {
      sum[c] += a[c];
      product[c] += a[c] * b[c];
    }
  }
}

/** The same for a where y is positive. */
SEQUELA_VECTORISED
void addSumsWhere(const float* a, const float* b, const float* y, int64_t voxels, int64_t channels, float* __restrict sum,
                  float* __restrict product) {
  for (int64_t voxel = 0; voxel < voxels; voxel++, a += channels, b += channels, y += channels) {
    for (int64_t c = 0; c < channels; c++) {
      const float kept = y[c] > 0 ? a[c] : 0.0f;
      sum[c] += kept;
      product[c] += kept * b[c];
    }
  }
}

/** Σ a and Σ a·b of each channel over one scan; only voxels where y is positive, if y is given. */
void channelSums(const float* a, const float* b, const float* y, int64_t voxels, int64_t channels, double* sum,
                 double* product) {
  std::vector<float> part(2 * channels);
  for (int64_t start = 0; start < voxels; start += block) {
    const int64_t count = std::min(block, voxels - start);
    const int64_t at = start * channels;
    std::fill(part.begin(), part.end(), 0.0f);
    float* products = part.data() + channels;
    if (y == nullptr) {
      addSums(a + at, b + at, count, channels, part.data(), products);
    } else {
      addSumsWhere(a + at, b + at, y + at, count, channels, part.data(), products);
    }
    for (int64_t c = 0; c < channels; c++) {
      sum[c] += part[c];
      product[c] += products[c];
    }
  }
}

/** y = factor·x + offset, plus `added` if given, and not below `least`. */
SEQUELA_VECTORISED
void scaleAndShift(const float* x, const float* factor, const float* offset, const float* added, float least, int64_t voxels,
                   int64_t channels, float* __restrict y) {
  for (int64_t voxel = 0; voxel < voxels; voxel++, x += channels, y += channels) {
    if (added == nullptr) {
      for (int64_t c = 0; c < channels; c++) y[c] = std::max(x[c] * factor[c] + offset[c], least);
    } else {
      for (int64_t c = 0; c < channels; c++) y[c] = std::max(x[c] * factor[c] + offset[c] + added[c], least);
      added += channels;
    }
  }
}

/** dx = a·dz + b·x + c, where dz is dy, or 0 where y is not positive; dz itself goes to `dAdded` if given. */
SEQUELA_VECTORISED
void combine(const float* dy, const float* y, const float* x, const float* a, const float* b, const float* c, int64_t voxels,
             int64_t channels, float* __restrict dx, float* __restrict dAdded) {
  for (int64_t voxel = 0; voxel < voxels; voxel++, dy += channels, x += channels, dx += channels) {
    if (y == nullptr) {
      for (int64_t i = 0; i < channels; i++) dx[i] = a[i] * dy[i] + b[i] * x[i] + c[i];
    } else {
      for (int64_t i = 0; i < channels; i++) dx[i] = a[i] * (y[i] > 0 ? dy[i] : 0.0f) + b[i] * x[i] + c[i];
    }
    if (dAdded != nullptr) {
      for (int64_t i = 0; i < channels; i++) dAdded[i] = y == nullptr || y[i] > 0 ? dy[i] : 0.0f;
      dAdded += channels;
    }
    if (y != nullptr) y += channels;
  }
}

void* create(TF_OpKernelConstruction* construction) {
  auto* settings = new Settings;
  TF_Status* status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrInt32(construction, "channelsPerGroup", &settings->channelsPerGroup, status);
  if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, "relu", &settings->relu, status);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return settings;
}

void destroy(void* settings) { delete static_cast<Settings*>(settings); }

/** Replaces each channel's value by the mean over its group, divided by the voxels. */
void groupMeans(double* sums, int64_t voxels, int64_t channels, int64_t perGroup) {
  for (int64_t start = 0; start < channels; start += perGroup) {
    double total = 0;
    for (int64_t c = start; c < start + perGroup; c++) total += sums[c];
    std::fill(sums + start, sums + start + perGroup, total / static_cast<double>(voxels * perGroup));
  }
}

/** Inputs x, scale, shift and perhaps what is added; outputs y, and mean and 1/σ of each scan's channels. */
void forward(void* given, TF_OpKernelContext* context) {
  const auto& settings = *static_cast<const Settings*>(given);
  Call call(context);
  TF_Tensor* x = call.input(0);
  const auto [scans, voxels, channels] = sizesOf(x);
  if (channels % settings.channelsPerGroup != 0) return void(call.fail("groups do not divide the channels"));
  const float* scale = values(call.input(1));
  const float* shift = values(call.input(2));
  const float* added = call.inputs() > 3 ? values(call.input(3)) : nullptr;
  float* y = call.output(0, shapeOf(x));
  float* means = call.output(1, {scans, channels});
  float* inverses = call.output(2, {scans, channels});
  if (y == nullptr || means == nullptr || inverses == nullptr) return;
  const float* from = values(x);
  const float least = settings.relu ? 0.0f : -INFINITY;
  const int64_t size = voxels * channels, perGroup = settings.channelsPerGroup, count = channels, deep = voxels;
  forEach(scans, scans * size, [=](int64_t scan) {
    std::vector<double> mean(count), square(count);
    std::vector<float> factor(count), offset(count);
    const float* volume = from + scan * size;
    channelSums(volume, volume, nullptr, deep, count, mean.data(), square.data());
    groupMeans(mean.data(), deep, count, perGroup);
    groupMeans(square.data(), deep, count, perGroup);
    for (int64_t c = 0; c < count; c++) {
      const double inverse = 1 / std::sqrt(std::max(square[c] - mean[c] * mean[c], 0.0) + epsilon);
      factor[c] = static_cast<float>(inverse * scale[c]);
      offset[c] = static_cast<float>(shift[c] - mean[c] * inverse * scale[c]);
      means[scan * count + c] = static_cast<float>(mean[c]);
      inverses[scan * count + c] = static_cast<float>(inverse);
    }
    const float* shortcut = added == nullptr ? nullptr : added + scan * size;
    scaleAndShift(volume, factor.data(), offset.data(), shortcut, least, deep, count, y + scan * size);
  });
}

/** Inputs dy, x, y, scale, mean, 1/σ; outputs dx, dScale, dShift, and the gradient of what was added where there is room. */
void backward(void* given, TF_OpKernelContext* context) {
  const auto& settings = *static_cast<const Settings*>(given);
  Call call(context);
  const float* dy = values(call.input(0));
  TF_Tensor* xTensor = call.input(1);
  const float* x = values(xTensor);
  const float* y = settings.relu ? values(call.input(2)) : nullptr;
  const float* scale = values(call.input(3));
  const float* means = values(call.input(4));
  const float* inverses = values(call.input(5));
  const auto [scans, voxels, channels] = sizesOf(xTensor);
  float* dx = call.output(0, shapeOf(xTensor));
  float* dScale = call.output(1, {channels});
  float* dShift = call.output(2, {channels});
  if (dx == nullptr || dScale == nullptr || dShift == nullptr) return;
  float* dAdded = TF_NumOutputs(context) > 3 ? call.output(3, shapeOf(xTensor)) : nullptr;
  const int64_t size = voxels * channels, perGroup = settings.channelsPerGroup, count = channels, deep = voxels;
  std::vector<double> sums(scans * channels), normals(scans * channels);
  double* const sumOf = sums.data();
  double* const normalOf = normals.data();
  forEach(scans, scans * size, [=](int64_t scan) {
    double* sum = sumOf + scan * count;        // Σ dz
    double* normal = normalOf + scan * count;  // Σ dz·x̂
    const float* mean = means + scan * count;
    const float* inverse = inverses + scan * count;
    const float* output = y == nullptr ? nullptr : y + scan * size;
    channelSums(dy + scan * size, x + scan * size, output, deep, count, sum, normal);
    std::vector<double> meanSum(count), meanNormal(count);
    for (int64_t c = 0; c < count; c++) {
      normal[c] = (normal[c] - mean[c] * sum[c]) * inverse[c];
      meanSum[c] = sum[c] * scale[c];
      meanNormal[c] = normal[c] * scale[c];
    }
    groupMeans(meanSum.data(), deep, count, perGroup);
    groupMeans(meanNormal.data(), deep, count, perGroup);
    // dx = 1/σ·(γ·dz − mean(γ·dz) − x̂·mean(γ·dz·x̂)), collected into a·dz + b·x + c.
    std::vector<float> a(count), b(count), c0(count);
    for (int64_t c = 0; c < count; c++) {
      const double slope = -static_cast<double>(inverse[c]) * inverse[c] * meanNormal[c];
      a[c] = inverse[c] * scale[c];
      b[c] = static_cast<float>(slope);
      c0[c] = static_cast<float>(-inverse[c] * meanSum[c] - slope * mean[c]);
    }
    float* toAdded = dAdded == nullptr ? nullptr : dAdded + scan * size;
    combine(dy + scan * size, output, x + scan * size, a.data(), b.data(), c0.data(), deep, count, dx + scan * size, toAdded);
  });
  for (int64_t c = 0; c < channels; c++) {
    double ofScale = 0, ofShift = 0;
    for (int64_t scan = 0; scan < scans; scan++) {
      ofScale += normals[scan * channels + c];
      ofShift += sums[scan * channels + c];
    }
    dScale[c] = static_cast<float>(ofScale);
    dShift[c] = static_cast<float>(ofShift);
  }
}

}  // namespace

std::vector<Operation> groupNormOperations() {
  const std::vector<const char*> attributes = {"channelsPerGroup: int", "relu: bool", "n: int >= 0"};
  return {
      {"SequelaGroupNorm",
       {"x: float", "scale: float", "shift: float", "added: n * float"},
       {"y: float", "mean: float", "inverse: float"},
       attributes,
       create,
       forward,
       destroy},
      {"SequelaGroupNormGrad",
       {"dy: float", "x: float", "y: float", "scale: float", "mean: float", "inverse: float"},
       {"dx: float", "d_scale: float", "d_shift: float", "d_added: n * float"},
       attributes,
       create,
       backward,
       destroy},
  };
}

}  // namespace sequela

// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/audit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <regex>

#include "ballast/core/errors.hpp"
#include "ballast/log/recertify.hpp"
#include "ballast/stats/round_down.hpp"
#include "radius_lattice.hpp"

namespace ballast::log {
namespace {

constexpr std::uint64_t usual_samples = 100'000;  // of the reference implementation
constexpr std::array<double, 11> usual_alphas{0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 1e-4, 1e-5, 1e-6};
constexpr std::uint64_t most_samples = std::uint64_t{1} << 32;               // of one image, in any log
constexpr std::uint64_t most_designed = 20'000'000;                          // samples of all sequential tests together: half a minute
constexpr double table_step = 0.25;                                          // between the radii that tables show
constexpr std::array<std::uint64_t, 3> usual_sizes{10'000, 26'032, 50'000};  // of test sets: MNIST and CIFAR, SVHN, ImageNet

void note(Audit& audit, std::string text) { audit.notes.push_back(std::move(text)); }
void find(Audit& audit, std::size_t line, const char* kind, std::string text) { audit.findings.push_back({line, kind, std::move(text)}); }

std::string text_of(Label label, std::size_t entries) {
  return entries > 1 && label == static_cast<Label>(entries - 1) ? "nan" : std::to_string(label);
}

std::string text_of(const std::vector<std::uint64_t>& votes) {
  std::string text;
  for (std::size_t c = 0; c < votes.size(); ++c) {
    if (votes[c] > 0) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", c + 1 == votes.size() ? "nan" : std::to_string(c), votes[c]);
  }
  return text.empty() ? "-" : text;
}

// What any log's row must be, whoever made it.
void check_row(Audit& audit, std::size_t line, const Record& row) {
  const bool right = row.predict && *row.predict == row.label;
  if (row.correct != right) {
    find(audit, line, "correct",
         fmt::format("correct is {}, and predict {} with label {} makes it {}", int{row.correct}, row.predict.value_or(-1), row.label,
                     int{right}));
  }
  if (!row.predict && row.radius > 0) find(audit, line, "abstention", fmt::format("abstains, and has a radius of {}", row.radius));
}

// A whole number in the manifest; none where there is no such entry.
std::optional<std::uint64_t> number_in(const std::optional<Manifest>& manifest, const char* name) {
  const auto* entry = manifest ? manifest->find(name) : nullptr;
  if (!entry) return {};
  std::uint64_t number = 0;
  const char* end = entry->json.data() + entry->json.size();
  const auto read = std::from_chars(entry->json.data(), end, number);
  require(read.ec == std::errc{} && read.ptr == end,
          fmt::format("the manifest's entry '{}' is {}; a whole number is needed", name, entry->json));
  return number;
}

struct Order {
  std::uint64_t start = 0, skip = 1;

  std::uint64_t after(std::uint64_t index) const { return index > UINT64_MAX - skip ? UINT64_MAX : index + skip; }
  std::uint64_t rows_before(std::uint64_t index) const { return index < start ? 0 : (index - start) / skip; }
};

// What the manifest says, or the first index and the commonest step.
Order order_of(const Audit& audit) {
  const std::vector<Record>& rows = audit.log.rows;
  const auto start = number_in(audit.manifest, "start"), skip = number_in(audit.manifest, "skip");
  if (start && skip) return {*start, std::max<std::uint64_t>(1, *skip)};
  std::map<std::uint64_t, std::size_t> steps;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].index > rows[i - 1].index) ++steps[rows[i].index - rows[i - 1].index];
  }
  const auto commonest = std::max_element(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return {rows.front().index, steps.empty() ? 1 : commonest->first};
}

// The size that a data set with such indices and labels most likely has.
std::optional<std::uint64_t> likely_size(const std::vector<Record>& rows, std::uint64_t last) {
  const bool many_classes = std::any_of(rows.begin(), rows.end(), [](const Record& row) { return row.label >= 10; });
  for (const std::uint64_t size : usual_sizes) {
    if (size > last && (!many_classes || size == usual_sizes.back()) && last >= size / 2) return size;
  }
  return {};
}

void check_end(Audit& audit, const AuditOptions& options, const Order& order, std::uint64_t last) {
  const std::vector<Record>& rows = audit.log.rows;
  const auto planned = number_in(audit.manifest, "rows");
  if (planned && !options.images) {
    const std::uint64_t before = order.rows_before(last);
    if (before >= *planned) {
      find(audit, 0, "order", fmt::format("ends at image {}: only {} rows were planned, and {} are due before it", last, *planned, before));
    } else if (const std::uint64_t missing = *planned - 1 - before; missing > 0) {
      find(audit, 0, "missing", fmt::format("ends at image {}: {} of the {} rows that were planned are missing", last, missing, *planned));
    }
    return;
  }
  const bool guessed = !options.images;
  const auto size = guessed ? likely_size(rows, last) : options.images;
  if (!size) return note(audit, fmt::format("ends at image {}; the size of the data set is not known (--images)", last));
  if (last >= *size) {
    find(audit, 0, "order", fmt::format("image {} is not one of {}", last, *size));
  } else if (const std::uint64_t missing = (*size - 1 - last) / order.skip; missing > 0) {
    find(audit, 0, "missing",
         fmt::format("ends at image {}: {} rows are missing to the end of {} images{}", last, missing, *size,
                     guessed ? " (a guess at the data set's size; --images says it)" : ""));
  }
}

void check_order(Audit& audit, const AuditOptions& options) {
  const std::vector<Record>& rows = audit.log.rows;
  const Order order = order_of(audit);
  std::uint64_t expected = order.start;
  std::map<std::uint64_t, std::size_t> seen;  // image to line
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint64_t index = rows[i].index;
    const std::size_t line = audit.log.lines[i];
    if (const auto [first, is_new] = seen.emplace(index, line); !is_new) {
      find(audit, line, "order", fmt::format("image {} is there already, in line {}", index, first->second));
    } else if (index < expected) {
      find(audit, line, "order", fmt::format("image {} is out of order: {} or later was due", index, expected));
    } else if ((index - order.start) % order.skip != 0) {
      find(audit, line, "order", fmt::format("image {} is not one of every {} from {} on", index, order.skip, order.start));
    } else {
      if (const std::uint64_t gap = (index - expected) / order.skip; gap > 0) {
        find(audit, line, "missing",
             gap == 1 ? fmt::format("the row of image {} is missing before it", expected)
                      : fmt::format("the rows of {} images from {} on are missing before it", gap, expected));
      }
      expected = order.after(index);
    }
  }
  if (!seen.empty()) check_end(audit, options, order, seen.rbegin()->first);
}

// A row as its line would be read back, but for its time.
Record as_written(Record row, Kind kind) {
  row.seconds = 0;
  return parse_line(to_line(row, kind), parse_header(header_line(kind)));
}

Kind kind_of(Method method) {
  switch (method) {
    case Method::predict: return Kind::predict;
    case Method::radii:
    case Method::tolerance: return Kind::staged;
    case Method::certify:
    case Method::splitting: break;
  }
  return Kind::certify;
}

// Concludes every row again from its own votes. Requires settings.
void check_fixed(Audit& audit, const Settings& settings) {
  const Kind kind = kind_of(settings.method);
  const bool has_alpha = settings.method == Method::certify;
  std::vector<Finding> findings;
  std::size_t wrong_bounds = 0;
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      Record again = as_written(recertified(row, settings, settings, 0), kind);
      again.correct = row.correct;  // was looked at
      if (const std::string text = difference(row, again, kind); !text.empty()) {
        const bool bound = row.p_lower != again.p_lower && row.count == again.count;
        wrong_bounds += bound;
        findings.push_back({audit.log.lines[i], bound || row.radius != again.radius ? "radius" : "counts", text + ", by its own votes"});
      }
    } catch (const InputError& error) {
      findings.push_back({audit.log.lines[i], "counts", error.what()});
    }
  }
  if (!has_alpha || 2 * wrong_bounds <= audit.log.rows.size()) {
    if (has_alpha) audit.fitting_alphas = {settings.alpha};
    audit.findings.insert(audit.findings.end(), findings.begin(), findings.end());
    return;
  }
  // Not a row here and there: another alpha, then. What is said of votes stands.
  std::copy_if(findings.begin(), findings.end(), std::back_inserter(audit.findings),
               [](const Finding& finding) { return finding.kind == "counts"; });
  for (const double alpha : usual_alphas) {
    Settings other = settings;
    other.alpha = alpha;
    const auto fits = [&](const Record& row) {
      try {
        return row.p_lower == as_written(recertified(row, other, other, 0), kind).p_lower;
      } catch (const InputError&) {
        return true;  // said already
      }
    };
    if (std::all_of(audit.log.rows.begin(), audit.log.rows.end(), fits)) audit.fitting_alphas.push_back(alpha);
  }
  find(audit, 0, "alpha",
       fmt::format("alpha = {} is stated, and {} of {} rows have another bound; {}", settings.alpha, wrong_bounds, audit.log.rows.size(),
                   audit.fitting_alphas.empty() ? "no alpha in use fits all"
                                                : fmt::format("alpha = {} fits", fmt::join(audit.fitting_alphas, ", "))));
}

// The greatest number where the sum is above it.
std::uint64_t total(const std::vector<std::uint64_t>& votes) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : votes) sum = part > UINT64_MAX - sum ? UINT64_MAX : sum + part;
  return sum;
}

// Throws InputError saying what cannot be in a staged row.
void check_votes(const Record& row, const Settings& settings, std::size_t tested) {
  const std::uint64_t sum = total(row.counts), selected = total(row.selection);
  require(sum == row.samples && sum <= settings.samples,
          fmt::format("counts add up to {}, n is {}, and at most {} are drawn", sum, row.samples, settings.samples));
  const auto votes_of = [&](std::size_t label) { return label < row.counts.size() ? row.counts[label] : 0; };
  require(row.count == votes_of(tested),
          fmt::format("count is {}, and the class tested, {}, has {} votes", row.count, tested, votes_of(tested)));
  std::uint64_t second = 0;
  for (std::size_t label = 0; label < row.counts.size(); ++label) second = std::max(second, label == tested ? 0 : row.counts[label]);
  const auto runner_up = static_cast<std::size_t>(row.runner_up);
  require(row.runner_up_count == second && votes_of(runner_up) == second && runner_up != tested,
          fmt::format("runner_up is {} with {} votes, and the most votes beside those of {} are {}", row.runner_up, row.runner_up_count,
                      tested, second));
  require(selected == settings.selection_samples,
          fmt::format("selection adds up to {}, and n0 is {}", selected, settings.selection_samples));
  std::uint64_t last_failures = 0, last_samples = 0;
  auto looks = row.looks;
  std::sort(looks.begin(), looks.end(), [](const auto& a, const auto& b) { return a.samples < b.samples; });
  looks.push_back({row.samples, row.samples - row.count});
  for (const auto& look : looks) {
    require(
        look.failures <= look.samples && look.samples <= row.samples && look.failures >= last_failures &&
            look.failures - last_failures <= look.samples - last_samples,
        fmt::format("look {}:{} cannot be with the others and n = {}, count = {}", look.samples, look.failures, row.samples, row.count));
    last_failures = look.failures;
    last_samples = look.samples;
  }
}

void check_crossing(const stats::RadiiTest& test, std::size_t radius, const Record::Look& look) {
  const auto& looks = test.looks();
  const auto found = std::find(looks.begin(), looks.end(), look.samples);
  require(found != looks.end(), fmt::format("{} samples are not a look of the test", look.samples));
  const std::int64_t most = test.schedule(radius).certify_at[static_cast<std::size_t>(found - looks.begin())];
  require(static_cast<std::int64_t>(look.failures) <= most,
          fmt::format("{} failures of {} do not certify: at most {} do", look.failures, look.samples, most));
}

// The certified radius and the bound by the looks of a row; none: abstained.
struct StagedClaim {
  double radius = 0, p_lower = 0;
};

std::optional<StagedClaim> claim_of(const Record& row, const stats::RadiiTest& test) {
  const std::size_t certified = row.looks.size();
  require(std::binary_search(test.looks().begin(), test.looks().end(), row.samples),
          fmt::format("n is {}, which is not a look of the test", row.samples));
  require(certified <= test.size(), fmt::format("{} looks, and {} radii were tested", certified, test.size()));
  for (std::size_t i = 0; i < certified; ++i) check_crossing(test, i, row.looks[i]);
  if (certified == 0) return {};
  return StagedClaim{test.tested_radius(certified - 1), test.p_lower(certified - 1)};
}

std::optional<StagedClaim> claim_of(const Record& row, const stats::ToleranceTest& test) {
  if (row.looks.empty()) return {};
  require(row.looks.size() == 3, fmt::format("{} looks; the screen, the pilot and the end are needed", row.looks.size()));
  const auto& pilot = row.looks[1];
  const auto& end = row.looks[2];
  check_crossing(test.screen, 0, row.looks[0]);
  require(pilot.samples == test.stages.pilot() && end.samples == test.stages.total(pilot.failures) && end.failures >= pilot.failures,
          "the pilot or the size it leads to is not the test's");
  require(row.samples == std::max(row.looks[0].samples, end.samples),
          fmt::format("n is {}, and the looks end at {}", row.samples, std::max(row.looks[0].samples, end.samples)));
  const std::size_t rejected = test.stages.rejected(pilot.failures, end.failures - pilot.failures);
  if (rejected == 0) return {};
  return StagedClaim{test.stages.radii()[rejected - 1], test.p_lower(rejected - 1)};
}

template <typename Test>
void check_staged(Audit& audit, const Settings& settings, const Test& test) {
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const Record& row = audit.log.rows[i];
    try {
      const auto tested = tested_class(row, settings);
      if (!tested) {
        require(!row.predict && row.samples == 0 && row.looks.empty(), "answers or has votes, and the class tested is nan");
        continue;
      }
      check_votes(row, settings, static_cast<std::size_t>(*tested));
      Record stated = row;
      stated.runner_up = 0;  // was looked at, as was `correct`
      Record again = stated;
      const auto claim = claim_of(row, test);
      again.predict = claim ? tested : std::nullopt;
      again.radius = claim ? claim->radius : 0;
      again.p_lower = claim ? claim->p_lower : 0;
      const std::string text = difference(stated, as_written(again, Kind::staged), Kind::staged);
      if (!text.empty()) find(audit, audit.log.lines[i], "radius", text + ", by its own looks");
    } catch (const InputError& error) {
      find(audit, audit.log.lines[i], "counts", error.what());
    }
  }
}

// Radii that claim more than the votes can have proved at any alpha that fits, and those that may. Rounded to nearest, half of all are.
void check_rounding(Audit& audit, double sigma, std::uint64_t samples) {
  std::vector<RadiusLattice> lattices;
  for (const double alpha : audit.fitting_alphas) lattices.emplace_back(sigma, samples, alpha);
  const auto in_all = [&](auto&& holds) { return std::all_of(lattices.begin(), lattices.end(), holds); };
  struct Where {
    std::size_t rows = 0, line = 0;
  };
  Where raised;
  double worst = 0, worst_excess = 0;
  std::map<double, Where> ties;
  const auto count = [](Where& where, std::size_t line) {
    if (where.rows++ == 0) where.line = line;
  };
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    const double radius = audit.log.rows[i].radius;
    if (radius <= 0) continue;
    if (in_all([&](const RadiusLattice& lattice) { return !lattice.reaches(radius); })) {
      count(raised, audit.log.lines[i]);
      const double excess = radius - lattices.front().below(radius);
      if (excess > worst_excess) worst = radius, worst_excess = excess;
    } else if (std::fmod(radius, table_step) == 0 && in_all([&](const RadiusLattice& lattice) { return lattice.may_lie_below(radius); })) {
      count(ties[radius], audit.log.lines[i]);
    }
  }
  if (raised.rows > 0) {
    find(audit, raised.line, "rounding",
         fmt::format("{} row{} from here on have a radius that is rounded up beyond what the votes prove, by up to {:.2g} ({} for {:.6g})",
                     raised.rows, raised.rows == 1 ? "" : "s", worst_excess, worst, worst - worst_excess));
  }
  for (const auto& [radius, where] : ties) {
    find(audit, where.line, "tie",
         fmt::format("radius {} is rounded to a table's radius, and what was proved may lie below it ({} row{})", radius, where.rows,
                     where.rows == 1 ? "" : "s"));
  }
}

// Radii without counts: each must be one that some number of votes gives.
void check_lattice(Audit& audit, const AuditOptions& options, const std::filesystem::path& file) {
  std::optional<double> sigma = options.sigma;
  std::smatch match;
  const std::string name = file.filename().string();
  if (!sigma && std::regex_search(name, match, std::regex("sigma_([0-9]*\\.?[0-9]+)"))) sigma = std::stod(match[1]);
  if (!sigma) return note(audit, "sigma is not known (--sigma), so radii were not checked");
  const std::uint64_t samples = options.samples.value_or(usual_samples);
  require(*sigma > 0 && std::isfinite(*sigma), fmt::format("sigma = {}: must be above 0", *sigma));
  require(!options.alpha || (*options.alpha > 0 && *options.alpha < 1),
          fmt::format("alpha = {}: must lie between 0 and 1 (not included)", options.alpha.value_or(0)));
  require(samples >= 1 && samples <= most_samples, fmt::format("n = {}: must be from 1 to {}", samples, most_samples));
  std::map<double, std::size_t> radii;  // to its first line
  for (std::size_t i = 0; i < audit.log.rows.size(); ++i) {
    if (audit.log.rows[i].radius > 0) radii.emplace(audit.log.rows[i].radius, audit.log.lines[i]);
  }
  std::vector<double> alphas(usual_alphas.begin(), usual_alphas.end());
  if (options.alpha && std::find(alphas.begin(), alphas.end(), *options.alpha) == alphas.end()) alphas.push_back(*options.alpha);
  std::map<double, std::string> misfits;
  for (const double alpha : alphas) {
    const RadiusLattice lattice(*sigma, samples, alpha);
    std::string& misfit = misfits[alpha];
    for (auto at = radii.rbegin(); at != radii.rend() && misfit.empty(); ++at) {
      if (!lattice.holds(at->first)) {
        misfit = at->first > lattice.largest()
                     ? fmt::format("line {}: radius {} is above the largest possible, {:.6g}", at->second, at->first, lattice.largest())
                     : fmt::format("line {}: no number of votes gives radius {}", at->second, at->first);
      }
    }
    if (misfit.empty()) audit.fitting_alphas.push_back(alpha);
  }
  const std::string setting = fmt::format("sigma = {}, n = {}", *sigma, samples);
  if (options.alpha && !misfits[*options.alpha].empty()) {
    find(audit, 0, "alpha",
         fmt::format("alpha = {} is stated and does not fit with {}: {}; {}", *options.alpha, setting, misfits[*options.alpha],
                     audit.fitting_alphas.empty() ? "no alpha in use fits"
                                                  : fmt::format("alpha = {} fits", fmt::join(audit.fitting_alphas, ", "))));
  } else if (audit.fitting_alphas.empty()) {
    find(audit, 0, "alpha", fmt::format("with {} the radii fit no alpha in use; at 0.001, {}", setting, misfits[0.001]));
  } else {
    note(audit, fmt::format("alpha = {} {} the radii, with {}{}", fmt::join(audit.fitting_alphas, ", "),
                            audit.fitting_alphas.size() == 1 ? "fits" : "fit", setting,
                            audit.fitting_alphas.size() == alphas.size() ? " (as any does: they are not telling)" : ""));
  }
  if (!audit.fitting_alphas.empty()) check_rounding(audit, *sigma, samples);
}

// The sequential tests take time like their samples and a root of ln(1/alpha): a manifest may ask for more than anyone waits for.
void require_affordable(const Settings& settings) {
  const auto tests = static_cast<double>(std::max<std::size_t>(1, settings.radii.size()));
  const double root = std::sqrt(std::max(1.0, std::log(settings.alpha) / std::log(0.001)));
  const auto most = static_cast<std::uint64_t>(static_cast<double>(most_designed) / (tests * root));
  require(settings.samples <= most,
          fmt::format("n is {}; to compute its {:.0f} sequential test{} again at alpha = {} it must be at most {}", settings.samples, tests,
                      tests == 1 ? "" : "s", settings.alpha, most));
}

void check_by_settings(Audit& audit, const Settings& settings) {
  if (settings.scaled) find(audit, 0, "manifest", "the counts were scaled: an illustration, not certificates");
  const std::string needed = header_line(kind_of(settings.method));
  if (audit.log.columns.names != parse_header(needed).names) {
    find(audit, 1, "manifest",
         fmt::format("the columns are not those of a log of {}, so its votes were not looked at", to_string(settings.method)));
    return;
  }
  switch (settings.method) {
    case Method::certify:
    case Method::splitting:
    case Method::predict: return check_fixed(audit, settings);
    case Method::radii: require_affordable(settings); return check_staged(audit, settings, stats::RadiiTest(radii_design(settings)));
    case Method::tolerance:
      require_affordable(settings);
      return check_staged(audit, settings, stats::ToleranceTest(two_stage_design(settings), settings.futility));
  }
}

void check_without_settings(Audit& audit, const AuditOptions& options, const std::filesystem::path& file) {
  const auto& names = audit.log.columns.names;
  const bool has_counts = std::count(names.begin(), names.end(), "counts") > 0;
  if (has_counts) note(audit, "has no manifest, which says how it was made, so its votes were not looked at");
  if (audit.log.columns.kind != Kind::predict) return check_lattice(audit, options, file);
  if (!has_counts) note(audit, "a PREDICT log without counts: only labels and order were checked");
}

}  // namespace

std::string difference(const Record& there, const Record& here, Kind kind) {
  std::vector<std::string> parts;
  const auto compare = [&](const char* name, const auto& a, const auto& b) {
    if (a != b) parts.push_back(fmt::format("{} is {} there, {} here", name, a, b));
  };
  compare("label", there.label, here.label);
  compare("predict", there.predict.value_or(-1), here.predict.value_or(-1));
  if (kind != Kind::predict) {
    compare("radius", there.radius, here.radius);
    compare("p_lower", there.p_lower.value_or(0), here.p_lower.value_or(0));
    compare("selection", text_of(there.selection), text_of(here.selection));
  }
  compare("correct", int{there.correct}, int{here.correct});
  compare("n", there.samples, here.samples);
  compare("count", there.count, here.count);
  compare("runner_up", text_of(there.runner_up, there.counts.size()), text_of(here.runner_up, here.counts.size()));
  compare("runner_up_count", there.runner_up_count, here.runner_up_count);
  compare("counts", text_of(there.counts), text_of(here.counts));
  if (kind == Kind::staged && there.looks != here.looks) parts.push_back("looks differ");
  return fmt::format("{}", fmt::join(parts, "; "));
}

Audit audit(const std::filesystem::path& file, const AuditOptions& options) {
  Audit audit;
  audit.log = read_log(file);
  require(!audit.log.rows.empty(), fmt::format("{}: has no rows", file.string()));
  const auto manifest = manifest_path(file);
  if (std::filesystem::exists(manifest)) audit.manifest = read_manifest(manifest);
  try {
    if (audit.manifest) audit.settings = settings_from(*audit.manifest);
    check_order(audit, options);
    for (std::size_t i = 0; i < audit.log.rows.size(); ++i) check_row(audit, audit.log.lines[i], audit.log.rows[i]);
    if (audit.settings) check_by_settings(audit, *audit.settings);
    else check_without_settings(audit, options, file);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", (audit.manifest ? manifest : file).string(), error.what()));
  }
  std::stable_sort(audit.findings.begin(), audit.findings.end(), [](const Finding& a, const Finding& b) { return a.line < b.line; });
  return audit;
}

}  // namespace ballast::log

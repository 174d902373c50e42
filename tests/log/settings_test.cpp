// SPDX-License-Identifier: Apache-2.0
//
// Settings go into a manifest and come back; whatever else a manifest holds is refused.

#include "ballast/log/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::settings_test {
namespace {

Settings of_method(procedure::Method method) { return {.scale = 0.25, .noise_error = 4e-13, .method = std::move(method)}; }

const Sequential of_label{.target_is_label = true, .step = 32},
    of_selection{.target_is_label = false, .selection_samples = 100, .step = 20};

Settings certify_settings() { return of_method(FixedSamples{}); }

Settings radii_settings() {
  NamedRadii method{of_selection, {0, 0.1, 0.25}};
  method.futility = 0.02;
  return of_method(method);
}

Settings tolerance_settings() { return of_method(Tolerance{of_label, 0.05, 320}); }

Settings anytime_settings() { return of_method(Anytime{of_selection, 0.05}); }

Settings endless_settings() { return of_method(Anytime{of_label, {}}); }

Settings splitting_settings() { return {.noise = NoiseKind::split, .scale = 0.5, .method = Splitting{255}}; }

Settings predict_settings() { return of_method(Prediction{100'000}); }

Settings verify_settings() { return {.noise = {}, .method = Verification{"crown"}}; }

Settings attack_settings() { return of_method(Attack{.samples = 100'000, .factor = 0.999}); }

Settings plain_attack_settings() { return {.noise = {}, .method = Attack{.samples = 1, .tested_radius = 0.5}}; }

Settings with_noise(Settings settings, NoiseKind noise, double scale, double error) {
  settings.noise = noise;
  settings.scale = scale;
  settings.noise_error = error;
  return settings;
}

// One of each method that counts votes under noise of a law.
std::vector<Settings> drawn_settings() {
  return {certify_settings(), radii_settings(), tolerance_settings(), anytime_settings(), endless_settings(), predict_settings()};
}

std::vector<Settings> many_settings() {
  std::vector<Settings> all = drawn_settings();
  Settings family = of_method(FixedSamples{.bound = stats::Bound::pb});
  family.family_size = 500;
  family.alpha = 0.001 / 500;
  Settings scaled = of_method(FixedSamples{.samples = 1000});
  scaled.illustration = true;
  all.insert(all.end(),
             {splitting_settings(), verify_settings(), Settings{.noise = {}, .method = Verification{"crown", 3, 0.1}},
              Settings{.noise = {}, .method = Verification{.verifier = "wong", .most = 2}}, attack_settings(), plain_attack_settings(),
              of_method(FixedSamples{.selection_samples = 0, .bound = stats::Bound::li}), family,
              with_noise(certify_settings(), NoiseKind::laplace_grid, 0.3, 4e-13), with_noise(radii_settings(), NoiseKind::uniform, 0.7, 0),
              with_noise(endless_settings(), NoiseKind::laplace, 0.7, 0), scaled});
  return all;
}

Manifest manifest_of(const Settings& settings) {
  Manifest manifest;
  add_to(manifest, settings);
  return manifest;
}

std::vector<std::string> names_of(const Manifest& manifest) {
  std::vector<std::string> names;
  for (const auto& entry : manifest.entries) names.push_back(entry.name);
  return names;
}

// The manifest with one value changed, or added.
Manifest with(Manifest manifest, const std::string& name, const std::string& json) {
  for (auto& entry : manifest.entries) {
    if (entry.name == name) {
      entry.json = json;
      return manifest;
    }
  }
  manifest.entries.push_back({name, json});
  return manifest;
}

std::string refusal_of(const Manifest& manifest) {
  try {
    settings_from(manifest);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Settings, ComeBackFromTheirManifest) {
  for (const Settings& settings : many_settings()) EXPECT_EQ(settings_from(manifest_of(settings)), settings) << name_of(settings.method);
}

TEST(Settings, ComeBackFromItsFileToTheLastBit) {
  const TemporaryFolder folder;
  for (Settings settings : many_settings()) {
    if (!settings.noise) continue;  // has neither
    settings.noise_error /= 3;
    if (!is<Splitting>(settings)) settings.scale /= 3;
    if (auto* anytime = std::get_if<Anytime>(&settings.method); anytime && anytime->gain) *anytime->gain /= 3;
    write_manifest(manifest_of(settings), folder / "log.json");
    EXPECT_EQ(settings_from(read_manifest(folder / "log.json")), settings) << name_of(settings.method);
  }
}

TEST(Settings, OfEachMethodAreListedInOneOrderWithoutWhatItDoesNotUse) {
  using Names = std::vector<std::string>;
  const Names noise{"method", "noise", "sigma", "noise_error", "alpha", "norm"};
  const auto after = [](Names names, const Names& more) {
    names.insert(names.end(), more.begin(), more.end());
    return names;
  };
  EXPECT_EQ(names_of(manifest_of(certify_settings())), after(noise, {"bound", "selection", "n0", "n"}));
  EXPECT_EQ(names_of(manifest_of(radii_settings())), after(noise, {"target", "n0", "n", "futility", "look_step", "radii"}));
  EXPECT_EQ(names_of(manifest_of(tolerance_settings())), after(noise, {"target", "n", "futility", "look_step", "tolerance", "pilot"}));
  EXPECT_EQ(names_of(manifest_of(anytime_settings())), after(noise, {"target", "n0", "n", "futility", "look_step", "gain"}));
  EXPECT_EQ(names_of(manifest_of(endless_settings())), after(noise, {"target", "n", "futility", "look_step"}));
  EXPECT_EQ(names_of(manifest_of(splitting_settings())), (Names{"method", "noise", "lambda", "noise_error", "norm"}));
  EXPECT_EQ(names_of(manifest_of(predict_settings())), after(noise, {"n"}));
  EXPECT_EQ(names_of(manifest_of(verify_settings())), (Names{"method", "norm", "verifier"}));
  EXPECT_NE(refusal_of(with(manifest_of(verify_settings()), "models", "2")).find("more where there is an entry 'radius'"),
            std::string::npos);
  EXPECT_EQ(names_of(manifest_of(attack_settings())), after(noise, {"factor", "n"}));
  EXPECT_EQ(names_of(manifest_of(plain_attack_settings())), (Names{"method", "norm", "radius", "noise"}));
  for (const Settings& settings : many_settings()) {
    for (const auto& entry : manifest_of(settings).entries) EXPECT_EQ(role_of(entry.name), Role::decides) << entry.name;
  }
}

TEST(Settings, OfAnAttackNeedOneWayToSayHowFarItWent) {
  Manifest both = manifest_of(attack_settings()), neither = manifest_of(plain_attack_settings());
  both.add("radius", 0.5);
  std::erase_if(neither.entries, [](const auto& entry) { return entry.name == "radius"; });
  EXPECT_NE(refusal_of(both).find("either an entry 'radius' or an entry 'factor'"), std::string::npos);
  EXPECT_NE(refusal_of(neither).find("either an entry 'radius' or an entry 'factor'"), std::string::npos);
  EXPECT_NE(refusal_of(with(manifest_of(attack_settings()), "factor", "0")).find("must be above 0"), std::string::npos);
}

TEST(Settings, SayWhatAReaderMustKnow) {
  Settings settings = certify_settings();
  EXPECT_EQ(manifest_of(settings).find("family_wise"), nullptr);
  EXPECT_EQ(manifest_of(settings).find("illustration"), nullptr);
  settings.family_size = 500;
  settings.illustration = true;
  settings.method = FixedSamples{.selection_samples = 0};
  const Manifest manifest = manifest_of(settings);
  EXPECT_EQ(manifest.find("family_wise")->json, "500");
  EXPECT_NE(manifest.find("illustration")->json.find("not a certificate"), std::string::npos);
  EXPECT_EQ(manifest.find("selection")->json, "\"none\"");
  EXPECT_EQ(manifest.find("norm")->json, "\"l2\"");
  EXPECT_EQ(manifest_of(splitting_settings()).find("norm")->json, "\"l1\"");
}

TEST(Settings, ThatLackAnEntryAreRefusedByItsName) {
  std::vector<Settings> all = drawn_settings();
  all.push_back(splitting_settings());
  for (const Settings& settings : all) {
    for (const std::string& name : names_of(manifest_of(settings))) {
      const bool is_optional = name == "norm" || name == "noise_error" || name == "gain" ||
                               (is<FixedSamples>(settings) && (name == "bound" || name == "selection" || name == "n0"));
      if (is_optional) continue;
      Manifest manifest = manifest_of(settings);
      std::erase_if(manifest.entries, [&](const auto& entry) { return entry.name == name; });
      const std::string refusal = refusal_of(manifest);
      EXPECT_NE(refusal.find(name), std::string::npos) << name_of(settings.method) << " without " << name << ": " << refusal;
    }
  }
}

// A manifest may come from anyone.
TEST(Settings, ThatAreOddAreRefused) {
  const std::vector<std::string> no_numbers{"null", "true", "\"5\"", "[]", "{}", "[5]"};
  const std::vector<std::string> no_counts{"-1", "1.5", "1e3", "1e30", "18446744073709551616", "1000000000000000000"};
  const auto refuses = [](const Settings& settings, const std::string& name, std::vector<std::string> values) {
    for (const std::string& value : values) {
      EXPECT_NE(refusal_of(with(manifest_of(settings), name, value)), "") << name_of(settings.method) << " with " << name << " = " << value;
    }
  };
  for (const Settings& settings : drawn_settings()) {
    for (const char* name : {"alpha", "n", "sigma", "noise_error", "family_wise"}) refuses(settings, name, no_numbers);
    refuses(settings, "n", no_counts);
    if (!is<Prediction>(settings)) refuses(settings, "n0", no_counts);  // which PREDICT has not
    refuses(settings, "n", {"0", "4294967297"});
    refuses(settings, "family_wise", {"0", "-1", "1.5"});
    refuses(settings, "alpha", {"0", "1", "-0.1", "2", "1e400"});
    refuses(settings, "sigma", {"0", "-1", "1e400"});
    refuses(settings, "noise_error", {"-1e-9", "0.5", "1"});
    refuses(settings, "method", {"\"certify-nothing\"", "\"\"", "5", "\"Certify\""});
    refuses(settings, "noise", {"\"white\"", "\"\"", "5", "\"split\""});
  }
  refuses(certify_settings(), "bound", {"\"best\"", "5"});
  refuses(of_method(FixedSamples{.selection_samples = 0}), "bound", {"\"pb\""});
  refuses(with_noise(certify_settings(), NoiseKind::laplace, 0.25, 4e-13), "bound", {"\"li\"", "\"lecuyer\"", "\"pb\""});
  for (const Settings& settings : {radii_settings(), tolerance_settings(), anytime_settings(), endless_settings()}) {
    for (const char* name : {"look_step", "futility"}) refuses(settings, name, no_numbers);
    refuses(settings, "look_step", no_counts);
    refuses(settings, "look_step", {"0"});
    refuses(settings, "futility", {"-0.1", "1"});
    refuses(settings, "target", {"\"other\"", "5"});
  }
  for (const Settings& settings : {radii_settings(), anytime_settings()})
    refuses(settings, "target", {"\"label\""});  // and yet a selection
  for (const Settings& settings : {tolerance_settings(), endless_settings()})
    refuses(settings, "target", {"\"predicted\""});  // and no selection
  for (const Settings& settings : {anytime_settings(), endless_settings()}) {
    refuses(settings, "gain", no_numbers);
    refuses(settings, "gain", {"0", "1", "0.0", "1.0", "-0.05", "2", "1e400", "1e-400"});
  }
  refuses(radii_settings(), "radii",
          {"[]", "5", "null", "[null]", "[true]", "[\"0\"]", "[0.5, 0.5]", "[0.5, 0.25]", "[-0.1]", "{}", "[[0]]"});
  for (const char* name : {"tolerance", "pilot"}) refuses(tolerance_settings(), name, no_numbers);
  refuses(tolerance_settings(), "pilot", no_counts);
  refuses(tolerance_settings(), "pilot", {"0", "100001"});
  refuses(tolerance_settings(), "tolerance", {"0", "1", "-1"});
  refuses(splitting_settings(), "lambda", {"0", "-1", "0.3333", "1e-9", "1e300", "null", "\"1\""});
  refuses(splitting_settings(), "noise", {"\"grid\"", "\"uniform\""});
}

TEST(Settings, NameTheEntryThatIsWrong) {
  EXPECT_NE(refusal_of(with(manifest_of(certify_settings()), "n", "-1")).find("'n' is -1"), std::string::npos);
  EXPECT_NE(refusal_of(with(manifest_of(certify_settings()), "alpha", "2")).find("alpha is 2"), std::string::npos);
  EXPECT_NE(refusal_of(with(manifest_of(tolerance_settings()), "pilot", "0")).find("pilot is 0"), std::string::npos);
  EXPECT_NE(refusal_of(with(manifest_of(anytime_settings()), "gain", "1")).find("gain is 1; it must lie between 0 and 1 (not included)"),
            std::string::npos);
}

TEST(Method, HasANameThatComesBack) {
  const std::pair<procedure::Method, const char*> names[] = {{FixedSamples{}, "certify"},        {NamedRadii{}, "certify-radii"},
                                                             {Tolerance{}, "certify-tolerance"}, {Anytime{}, "certify-anytime"},
                                                             {Splitting{}, "certify-splitting"}, {Prediction{}, "predict"},
                                                             {Verification{}, "verify"},         {Attack{}, "attack"}};
  EXPECT_EQ(std::size(names), std::variant_size_v<procedure::Method>);
  for (const auto& [method, name] : names) EXPECT_EQ(name_of(method), name);
}

TEST(Method, HasItsColumns) {
  EXPECT_EQ(kind_of(certify_settings()), Kind::certify);
  EXPECT_EQ(kind_of(splitting_settings()), Kind::certify);
  for (const Settings& settings : {radii_settings(), tolerance_settings(), anytime_settings(), endless_settings()})
    EXPECT_EQ(kind_of(settings), Kind::staged);
  EXPECT_EQ(kind_of(predict_settings()), Kind::predict);
  EXPECT_EQ(kind_of(verify_settings()), Kind::verify);
  EXPECT_EQ(kind_of({.noise = {}, .method = Verification{"crown", 3, 0.1}}), Kind::cascade);
  EXPECT_EQ(kind_of(attack_settings()), Kind::attack);
  EXPECT_EQ(kind_of(plain_attack_settings()), Kind::attack);
}

TEST(Noise, HasTheLawOfItsName) {
  const auto law_named = [](std::string_view name) { return traits(noise_named(name).value()).law; };
  EXPECT_EQ(law_named("grid"), NoiseLaw::gaussian);
  EXPECT_EQ(law_named("gaussian"), NoiseLaw::gaussian);
  EXPECT_EQ(law_named("uniform"), NoiseLaw::uniform);
  EXPECT_EQ(law_named("uniform-grid"), NoiseLaw::uniform);
  EXPECT_EQ(law_named("laplace"), NoiseLaw::laplace);
  EXPECT_EQ(law_named("laplace-grid"), NoiseLaw::laplace);
  EXPECT_EQ(law_named("split"), std::nullopt);
  EXPECT_EQ(noise_named("Gaussian"), std::nullopt);
  EXPECT_NE(refusal_of(with(manifest_of(certify_settings()), "noise", "\"Gaussian\"")).find("noise 'Gaussian': not known"),
            std::string::npos);
}

TEST(Settings, AreThoseOfTheStatistics) {
  const Settings fixed = certify_settings();
  const auto claim = procedure::claim_settings(fixed);
  EXPECT_EQ(claim.alpha, fixed.alpha);
  EXPECT_EQ(claim.smoothing, (Smoothing{NoiseLaw::gaussian, 0.25}));
  EXPECT_EQ(claim.noise_error, fixed.noise_error);
  EXPECT_TRUE(claim.independent_selection);
  EXPECT_FALSE(procedure::claim_settings(of_method(FixedSamples{.selection_samples = 0})).independent_selection);
  const auto radii = procedure::radii_design(radii_settings());
  EXPECT_EQ(radii.radii, (std::vector<double>{0, 0.1, 0.25}));
  EXPECT_EQ(radii.most, 100'000u);
  EXPECT_EQ(radii.step, 20u);
  EXPECT_EQ(radii.futility, 0.02);
  EXPECT_EQ(radii.noise_error, 4e-13);
  const auto stages = procedure::two_stage_design(tolerance_settings());
  EXPECT_EQ(stages.tolerance, 0.05);
  EXPECT_EQ(stages.pilot, 320u);
  EXPECT_EQ(stages.step, 32u);
  EXPECT_EQ(stages.noise_error, 4e-13);
  const auto anytime = procedure::anytime_design(anytime_settings());
  EXPECT_EQ(anytime.alpha, 0.001);
  EXPECT_EQ(anytime.most, 100'000u);
  EXPECT_EQ(anytime.step, 20u);
  EXPECT_EQ(anytime.futility, 0.01);
  EXPECT_EQ(anytime.gain, 0.05);
  EXPECT_EQ(anytime.smoothing, (Smoothing{NoiseLaw::gaussian, 0.25}));
  EXPECT_EQ(anytime.noise_error, 4e-13);
  EXPECT_EQ(procedure::anytime_design(endless_settings()).gain, std::nullopt);
}

}  // namespace
}  // namespace ballast::log::settings_test

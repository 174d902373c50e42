// SPDX-License-Identifier: Apache-2.0
//
// Settings go into a manifest and come back; whatever else a manifest holds is refused.

#include "ballast/log/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log {
namespace {

Settings certify_settings() {
  Settings settings;
  settings.smoothing = {NoiseLaw::gaussian, 0.25};
  settings.law_error = 4e-13;
  return settings;
}

Settings radii_settings() {
  Settings settings = certify_settings();
  settings.method = Method::radii;
  settings.radii = {0, 0.1, 0.25};
  settings.step = 20;
  settings.futility = 0.02;
  return settings;
}

Settings tolerance_settings() {
  Settings settings = certify_settings();
  settings.method = Method::tolerance;
  settings.labelled = true;
  settings.selection_samples = 0;
  settings.tolerance = 0.05;
  settings.step = 32;
  settings.pilot = 320;
  return settings;
}

Settings splitting_settings() {
  Settings settings;
  settings.method = Method::splitting;
  settings.noise = "split";
  settings.smoothing = {NoiseLaw::uniform, 0.5};
  settings.selection_samples = 0;
  settings.samples = 255;
  return settings;
}

Settings predict_settings() {
  Settings settings = certify_settings();
  settings.method = Method::predict;
  settings.selection_samples = 0;
  return settings;
}

Settings verify_settings() {
  Settings settings;
  settings.method = Method::verify;
  settings.noise.clear();
  settings.selection_samples = 0;
  settings.samples = 0;
  settings.verifier = "crown";
  return settings;
}

Settings attack_settings() {
  Settings settings = predict_settings();
  settings.method = Method::attack;
  settings.factor = 0.999;
  return settings;
}

Settings plain_attack_settings() {
  Settings settings;
  settings.method = Method::attack;
  settings.noise = "none";
  settings.selection_samples = 0;
  settings.samples = 1;
  settings.tested = 0.5;
  return settings;
}

std::vector<Settings> many_settings() {
  std::vector<Settings> all{certify_settings(), radii_settings(), tolerance_settings(), splitting_settings(), predict_settings()};
  Settings unsplit = certify_settings();
  unsplit.selection_samples = 0;
  unsplit.bound = stats::Bound::li;
  Settings family = certify_settings();
  family.family = 500;
  family.alpha = 0.001 / 500;
  family.bound = stats::Bound::pair;
  Settings laplace = certify_settings();
  laplace.noise = "laplace-grid";
  laplace.smoothing = {NoiseLaw::laplace, 0.3};
  Settings uniform = radii_settings();
  uniform.noise = "uniform";
  uniform.smoothing = {NoiseLaw::uniform, 0.7};
  uniform.law_error = 0;
  Settings scaled = certify_settings();
  scaled.scaled = true;
  scaled.samples = 1000;
  Settings tested = verify_settings();
  tested.tested = 0.1;
  tested.models = 3;
  all.insert(all.end(), {verify_settings(), tested, attack_settings(), plain_attack_settings(), unsplit, family, laplace, uniform, scaled});
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
  for (const Settings& settings : many_settings()) EXPECT_EQ(settings_from(manifest_of(settings)), settings) << to_string(settings.method);
}

TEST(Settings, ComeBackFromItsFileToTheLastBit) {
  const TemporaryFolder folder;
  for (Settings settings : many_settings()) {
    if (settings.method == Method::verify || settings.noise == "none") continue;  // has neither
    settings.law_error /= 3;
    if (settings.method != Method::splitting) settings.smoothing.scale /= 3;
    write_manifest(manifest_of(settings), folder / "log.json");
    EXPECT_EQ(settings_from(read_manifest(folder / "log.json")), settings) << to_string(settings.method);
  }
}

TEST(Settings, OfEachMethodAreListedInOneOrderWithoutWhatItDoesNotUse) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_of(manifest_of(certify_settings())),
            (Names{"method", "sigma", "alpha", "bound", "selection", "n0", "n", "noise", "norm", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(radii_settings())),
            (Names{"method", "sigma", "alpha", "target", "n0", "n", "radii", "futility", "look_step", "noise", "norm", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(tolerance_settings())), (Names{"method", "sigma", "alpha", "target", "n", "tolerance", "pilot", "futility",
                                                                "look_step", "noise", "norm", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(splitting_settings())), (Names{"method", "lambda", "noise", "norm", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(predict_settings())), (Names{"method", "sigma", "alpha", "n", "noise", "norm", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(verify_settings())), (Names{"method", "verifier", "norm"}));
  EXPECT_NE(refusal_of(with(manifest_of(verify_settings()), "models", "2")).find("more where there is an entry 'radius'"),
            std::string::npos);
  EXPECT_EQ(names_of(manifest_of(attack_settings())), (Names{"method", "factor", "norm", "noise", "sigma", "alpha", "n", "noise_error"}));
  EXPECT_EQ(names_of(manifest_of(plain_attack_settings())), (Names{"method", "radius", "norm", "noise"}));
  for (const Settings& settings : many_settings()) {
    for (const auto& entry : manifest_of(settings).entries) EXPECT_EQ(role_of(entry.name), Role::decides) << entry.name;
  }
}

TEST(Settings, OfAnAttackNeedOneWayToSayHowFarItWent) {
  Manifest both = manifest_of(attack_settings()), neither = manifest_of(plain_attack_settings());
  both.add("radius", 0.5);
  neither.entries.erase(neither.entries.begin() + 1);
  EXPECT_NE(refusal_of(both).find("either an entry 'radius' or an entry 'factor'"), std::string::npos);
  EXPECT_NE(refusal_of(neither).find("either an entry 'radius' or an entry 'factor'"), std::string::npos);
  EXPECT_NE(refusal_of(with(manifest_of(attack_settings()), "factor", "0")).find("must be above 0"), std::string::npos);
}

TEST(Settings, SayWhatAReaderMustKnow) {
  Settings settings = certify_settings();
  EXPECT_EQ(manifest_of(settings).find("family_wise"), nullptr);
  EXPECT_EQ(manifest_of(settings).find("illustration"), nullptr);
  settings.family = 500;
  settings.scaled = true;
  settings.selection_samples = 0;
  const Manifest manifest = manifest_of(settings);
  EXPECT_EQ(manifest.find("family_wise")->json, "500");
  EXPECT_NE(manifest.find("illustration")->json.find("not a certificate"), std::string::npos);
  EXPECT_EQ(manifest.find("selection")->json, "\"none\"");
  EXPECT_EQ(manifest.find("norm")->json, "\"l2\"");
  EXPECT_EQ(manifest_of(splitting_settings()).find("norm")->json, "\"l1\"");
}

TEST(Settings, ThatLackAnEntryAreRefusedByItsName) {
  for (const Settings& settings : {certify_settings(), radii_settings(), tolerance_settings(), splitting_settings(), predict_settings()}) {
    for (const std::string& name : names_of(manifest_of(settings))) {
      const bool is_optional = name == "norm" || name == "noise_error" ||
                               (settings.method == Method::certify && (name == "bound" || name == "selection" || name == "n0"));
      if (is_optional) continue;
      Manifest manifest = manifest_of(settings);
      std::erase_if(manifest.entries, [&](const auto& entry) { return entry.name == name; });
      const std::string refusal = refusal_of(manifest);
      EXPECT_NE(refusal.find(name), std::string::npos) << to_string(settings.method) << " without " << name << ": " << refusal;
    }
  }
}

// A manifest may come from anyone.
TEST(Settings, ThatAreOddAreRefused) {
  const std::vector<std::string> no_numbers{"null", "true", "\"5\"", "[]", "{}", "[5]"};
  const std::vector<std::string> no_counts{"-1", "1.5", "1e3", "1e30", "18446744073709551616", "1000000000000000000"};
  const auto refuses = [](const Settings& settings, const std::string& name, std::vector<std::string> values) {
    for (const std::string& value : values) {
      EXPECT_NE(refusal_of(with(manifest_of(settings), name, value)), "")
          << to_string(settings.method) << " with " << name << " = " << value;
    }
  };
  const auto every = {certify_settings(), radii_settings(), tolerance_settings(), predict_settings()};
  for (const Settings& settings : every) {
    for (const char* name : {"alpha", "n", "sigma", "noise_error", "family_wise"}) refuses(settings, name, no_numbers);
    for (const char* name : {"n", "n0"}) refuses(settings, name, no_counts);
    refuses(settings, "n", {"0", "4294967297"});
    refuses(settings, "family_wise", {"0", "-1", "1.5"});
    refuses(settings, "alpha", {"0", "1", "-0.1", "2", "1e400"});
    refuses(settings, "sigma", {"0", "-1", "1e400"});
    refuses(settings, "noise_error", {"-1e-9", "0.5", "1"});
    refuses(settings, "method", {"\"certify-nothing\"", "\"\"", "5", "\"Certify\""});
    refuses(settings, "noise", {"\"white\"", "\"\"", "5", "\"split\""});
  }
  refuses(certify_settings(), "bound", {"\"best\"", "5"});
  Settings unsplit = certify_settings();
  unsplit.selection_samples = 0;
  refuses(unsplit, "bound", {"\"pb\""});
  Settings laplace = certify_settings();
  laplace.noise = "laplace";
  laplace.smoothing.law = NoiseLaw::laplace;
  refuses(laplace, "bound", {"\"li\"", "\"lecuyer\"", "\"pb\""});
  for (const Settings& settings : {radii_settings(), tolerance_settings()}) {
    for (const char* name : {"look_step", "futility"}) refuses(settings, name, no_numbers);
    refuses(settings, "look_step", no_counts);
    refuses(settings, "look_step", {"0"});
    refuses(settings, "futility", {"-0.1", "1"});
    refuses(settings, "target", {"\"other\"", "5"});
  }
  refuses(radii_settings(), "target", {"\"label\""});          // and yet a selection
  refuses(tolerance_settings(), "target", {"\"predicted\""});  // and no selection
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
}

TEST(Method, HasANameThatComesBack) {
  EXPECT_EQ(to_string(Method::certify), "certify");
  EXPECT_EQ(to_string(Method::radii), "certify-radii");
  EXPECT_EQ(to_string(Method::tolerance), "certify-tolerance");
  EXPECT_EQ(to_string(Method::splitting), "certify-splitting");
  EXPECT_EQ(to_string(Method::predict), "predict");
  EXPECT_EQ(to_string(Method::verify), "verify");
  EXPECT_EQ(to_string(Method::attack), "attack");
}

TEST(Noise, HasTheLawOfItsName) {
  EXPECT_EQ(law_named("grid"), NoiseLaw::gaussian);
  EXPECT_EQ(law_named("gaussian"), NoiseLaw::gaussian);
  EXPECT_EQ(law_named("uniform"), NoiseLaw::uniform);
  EXPECT_EQ(law_named("uniform-grid"), NoiseLaw::uniform);
  EXPECT_EQ(law_named("laplace"), NoiseLaw::laplace);
  EXPECT_EQ(law_named("laplace-grid"), NoiseLaw::laplace);
  EXPECT_EQ(law_named("split"), std::nullopt);
  EXPECT_THROW(law_named("Gaussian"), InputError);
}

TEST(Settings, AreThoseOfTheStatistics) {
  const Settings fixed = certify_settings();
  const auto claim = claim_settings(fixed);
  EXPECT_EQ(claim.alpha, fixed.alpha);
  EXPECT_EQ(claim.smoothing, fixed.smoothing);
  EXPECT_EQ(claim.law_error, fixed.law_error);
  EXPECT_TRUE(claim.selected_apart);
  Settings unsplit = fixed;
  unsplit.selection_samples = 0;
  EXPECT_FALSE(claim_settings(unsplit).selected_apart);
  const auto radii = radii_design(radii_settings());
  EXPECT_EQ(radii.radii, radii_settings().radii);
  EXPECT_EQ(radii.most, 100'000u);
  EXPECT_EQ(radii.step, 20u);
  EXPECT_EQ(radii.futility, 0.02);
  EXPECT_EQ(radii.law_error, 4e-13);
  const auto stages = two_stage_design(tolerance_settings());
  EXPECT_EQ(stages.tolerance, 0.05);
  EXPECT_EQ(stages.pilot, 320u);
  EXPECT_EQ(stages.step, 32u);
  EXPECT_EQ(stages.law_error, 4e-13);
}

}  // namespace
}  // namespace ballast::log

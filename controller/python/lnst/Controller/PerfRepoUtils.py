# SPDX-License-Identifier: GPL-2.0-or-later
"""Between results of Netperf and PerfRepo."""


def _words(test_type):
    return ("rr_rate", "Trans/sec") if test_type == "RR" else ("throughput", "bits/sec")


def perfrepo_baseline_to_dict(baseline, test_type="STREAM"):
    """The baseline as options of Netperf; empty if there is none."""
    if baseline.get_texec() is None:
        return {}
    name, unit = _words(test_type)
    rate, deviation = baseline.get_value(name), baseline.get_value(name + "_deviation")
    if rate is None or deviation is None:
        return {}
    return {"threshold": "%s %s" % (rate, unit),
            "threshold_deviation": "%s %s" % (deviation, unit)}


def netperf_baseline_template(module, baseline, test_type="STREAM"):
    """Let a Netperf module compare with a baseline; with none it does not compare."""
    module.unset_option("threshold")
    module.unset_option("threshold_deviation")
    module.update_options(perfrepo_baseline_to_dict(baseline, test_type))
    return module


def netperf_result_template(perfrepo_result, netperf_result, test_type="STREAM"):
    """Put the rate that Netperf measured into a result."""
    data = netperf_result.get_result().get("res_data") or {}
    if "rate" in data:
        name, rate, deviation = _words(test_type)[0], data["rate"], data.get("rate_deviation", 0)
        perfrepo_result.add_value(name, rate)
        perfrepo_result.add_value(name + "_min", rate - deviation)
        perfrepo_result.add_value(name + "_max", rate + deviation)
        perfrepo_result.add_value(name + "_deviation", deviation)
    return perfrepo_result

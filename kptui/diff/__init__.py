"""What differs between two rulesets in meaning: spelling, counters, dates and orders that decide nothing left aside."""

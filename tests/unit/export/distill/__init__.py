"""Tests of export.distill."""
